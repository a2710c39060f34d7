package store

import "context"

func (s *Store) mergePacks(ctx context.Context) error { return nil }
