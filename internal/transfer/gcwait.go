package transfer

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
)

const (
	gcPatience = 10 * time.Minute
	gcPoll     = 2 * time.Second
	maxMark    = 1 << 30
)

// afterGC makes sure that a gc that was at work while records were put did
// not delete them: it waits for one whose mark names any, looks whether they
// are there, and puts again those that aren't.
func (p *push) afterGC(ctx context.Context, put []written) error {
	if len(put) == 0 {
		return nil
	}
	steps, err := p.gcs(ctx)
	if err != nil {
		return err
	}
	for id, s := range steps {
		if !s.mark {
			continue
		}
		hit, err := p.marked(ctx, id, put)
		if err != nil {
			return err
		}
		if !hit {
			continue
		}
		if err := p.outwait(ctx, id); err != nil {
			return err
		}
		if err := p.putBack(ctx, put); err != nil {
			return err
		}
	}
	return nil
}

// gcSteps are the marks that one gc has left.
type gcSteps struct{ mark, done bool }

func (p *push) gcs(ctx context.Context) (map[string]gcSteps, error) {
	all := map[string]gcSteps{}
	for info, err := range p.bucket.List(ctx, gcPrefix) {
		if err != nil {
			return nil, err
		}
		id, step, _ := strings.Cut(strings.TrimPrefix(info.Key, gcPrefix), ".")
		s := all[id]
		s.mark = s.mark || step == "mark"
		s.done = s.done || step == "done"
		all[id] = s
	}
	return all, nil
}

// marked tells whether the mark of a gc names one of the records. One that
// can't be understood may.
func (p *push) marked(ctx context.Context, id string, put []written) (bool, error) {
	mark, err := getAll(ctx, p.bucket, gcPrefix+id+".mark", maxMark)
	switch {
	case errs.KindOf(err) == errs.Missing:
		return false, nil // that gc is over, or undone
	case err != nil:
		return false, err
	case !bytes.HasPrefix(mark, []byte("mlv-mark 1\n")):
		return true, nil
	}
	for _, w := range put {
		if bytes.Contains(mark, []byte("\nr "+w.root.String()+" ")) {
			return true, nil
		}
	}
	return false, nil
}

// outwait waits until a gc is done with its records.
func (p *push) outwait(ctx context.Context, id string) error {
	start := startClock()
	p.meter.Phase("waiting for a gc of the remote")
	for {
		steps, err := p.gcs(ctx)
		if err != nil {
			return err
		}
		if s := steps[id]; s.done || !s.mark {
			return nil
		}
		if start.elapsed() > gcPatience {
			return errs.New(errs.Locked, "end it with 'mlv gc -c', then push again",
				"garbage collection %s of the remote was begun and does not go on", id)
		}
		if err := pause(ctx, gcPoll); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// putBack puts records again that are gone.
func (p *push) putBack(ctx context.Context, put []written) error {
	for _, w := range put {
		_, err := p.bucket.Stat(ctx, recordKey(w.root))
		if errs.KindOf(err) == errs.Missing {
			err = p.putRecord(ctx, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
