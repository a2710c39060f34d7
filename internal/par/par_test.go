package par

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
)

func TestEachRunsAtMostNAtOnce(t *testing.T) {
	var now, peak, done atomic.Int64
	err := Each(t.Context(), 3, slices.Values(make([]int, 50)), func(context.Context, int) error {
		n := now.Add(1)
		for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
		}
		now.Add(-1)
		done.Add(1)
		return nil
	})
	if err != nil || peak.Load() > 3 || done.Load() != 50 {
		t.Errorf("err %v, %d at once, %d done", err, peak.Load(), done.Load())
	}
}

func TestEachStopsAtFirstError(t *testing.T) {
	boom := errors.New("boom")
	var calls atomic.Int64
	err := Each(t.Context(), 1, slices.Values(make([]int, 50)), func(context.Context, int) error {
		calls.Add(1)
		return boom
	})
	if !errors.Is(err, boom) || calls.Load() > 2 {
		t.Errorf("err %v after %d calls", err, calls.Load())
	}
}

func TestEachReturnsTheParentsCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, 2, slices.Values([]int{1}), func(context.Context, int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("err %v", err)
	}
}

func TestWorkersCancelTheOthersOnError(t *testing.T) {
	boom := errors.New("boom")
	err := Workers(t.Context(), 3, func(ctx context.Context, worker int) error {
		if worker == 1 {
			return boom
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, boom) {
		t.Errorf("err %v, want the cause", err)
	}
}

func TestNilMeterCountsNothing(t *testing.T) {
	var m *Meter
	m.Phase("hashing")
	m.Expect(1, 1)
	m.Add(1, 1)
	if m.Read() != (Progress{}) {
		t.Error("a nil meter counted")
	}
	m = new(Meter)
	m.Phase("hashing")
	m.Expect(2, 20)
	m.Add(1, 10)
	if got, want := m.Read(), (Progress{"hashing", 1, 2, 10, 20}); got != want {
		t.Errorf("read %+v, want %+v", got, want)
	}
}
