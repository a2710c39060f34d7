package par

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

func TestSpreadFollowsWhatIsPushed(t *testing.T) {
	var leaves, peak, now atomic.Int64
	err := Spread(t.Context(), 3, []int{10}, func(_ context.Context, _, depth int, push func(...int)) error {
		if n := now.Add(1); n > peak.Load() {
			peak.Store(n)
		}
		defer now.Add(-1)
		if depth == 0 {
			leaves.Add(1)
			return nil
		}
		push(depth-1, depth-1)
		return nil
	})
	if err != nil || leaves.Load() != 1024 || peak.Load() > 3 {
		t.Errorf("err %v, %d leaves, %d at once", err, leaves.Load(), peak.Load())
	}
}

func TestSpreadOfNothingEnds(t *testing.T) {
	if err := Spread(t.Context(), 2, nil, func(context.Context, int, int, func(...int)) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestSpreadStopsAtFirstErrorAndWakesTheIdle(t *testing.T) {
	boom := errors.New("boom")
	var calls atomic.Int64
	err := Spread(t.Context(), 4, []int{1}, func(_ context.Context, _, _ int, push func(...int)) error {
		if calls.Add(1) == 5 {
			return boom
		}
		push(1)
		return nil
	})
	if !errors.Is(err, boom) {
		t.Errorf("err %v", err)
	}
}

func TestSpreadEndsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := Spread(ctx, 2, []int{1}, func(_ context.Context, _, _ int, push func(...int)) error {
		push(1)
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err %v", err)
	}
}
