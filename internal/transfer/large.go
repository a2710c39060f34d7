package transfer

import "context"

func (p *push) sendLarge(ctx context.Context, k *packer, i uint32) error {
	p.lose(i, corrupt("large"))
	return nil
}

func (p *push) sendChunkTrees(ctx context.Context, s *nodeSender) error { return nil }

func (f *fetch) getLarge(ctx context.Context, p piece) error {
	f.lose(p.at, corrupt("large"), "no")
	return nil
}
