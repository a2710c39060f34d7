package store

import (
	"context"
	"errors"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// createTemp begins a file of the cache. The first time it clears what killed
// processes left.
func (s *Store) createTemp(ctx context.Context, opt fsx.TempOptions) (*fsx.Temp, error) {
	if err := s.mayWrite(ctx); err != nil {
		return nil, err
	}
	return s.cache.CreateTemp(tempDir, opt)
}

func (s *Store) mayWrite(ctx context.Context) error {
	if s.readOnly != nil {
		return s.readOnly
	}
	return s.holdTemps(ctx)
}

// holdTemps takes the lock that every process has whose temporary files are in
// tmp. If no other has it, all files there were left by killed ones.
func (s *Store) holdTemps(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tempLock != nil {
		return nil
	}
	alone, err := s.cache.Lock(ctx, tempLock, fsx.LockOptions{})
	if err == nil {
		err = s.clearTemps()
		err = errors.Join(err, alone.Unlock())
	}
	if err != nil && errs.KindOf(err) != errs.Locked {
		return err
	}
	s.tempLock, err = s.cache.Lock(ctx, tempLock, fsx.LockOptions{Shared: true, Wait: -1})
	return err
}

func (s *Store) clearTemps() error {
	names, err := s.cache.ReadDir(tempDir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if fsx.IsTemp(n.Name) {
			if err := s.cache.Remove(tempDir.Join(fsx.Path(n.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}
