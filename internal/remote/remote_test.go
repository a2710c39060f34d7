package remote

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
)

var errBusy = errors.New("slow down")

func TestRetryTriesAgainWhatMayPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := new(Mem)
		b := Retry(Fail(mem, func(r Request) Fault {
			if r.N < 3 {
				return Fault{Err: &Temporary{Err: errBusy}}
			}
			return Fault{}
		}))
		put(t, b, "c/ab/key", "0123456789")
		wantBody(t, b, "c/ab/key", 0, -1, "0123456789")
		if _, err := b.Stat(t.Context(), "c/ab/key"); err != nil {
			t.Error(err)
		}
		n := 0
		for _, err := range b.List(t.Context(), "") {
			if err != nil {
				t.Error(err)
			}
			n++
		}
		if err := b.Delete(t.Context(), "c/ab/key"); err != nil || n != 1 {
			t.Errorf("%d keys, delete %v", n, err)
		}
	})
}

func TestRetryGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		b := Retry(Fail(new(Mem), func(Request) Fault {
			calls++
			return Fault{Err: &Temporary{Err: errBusy}}
		}))
		start := time.Now()
		if _, err := b.Stat(t.Context(), "c/ab/key"); !errors.Is(err, errBusy) || calls != attempts {
			t.Errorf("%v after %d attempts", err, calls)
		}
		if d := time.Since(start); d < 5*time.Second || d > time.Minute {
			t.Errorf("gave up after %v", d)
		}
	})
}

func TestRetryDoesNotRepeatWhatCannotPass(t *testing.T) {
	calls := 0
	b := Retry(Fail(new(Mem), func(Request) Fault {
		calls++
		return Fault{Err: errs.New(errs.Denied, "", "no right")}
	}))
	if _, err := b.Stat(t.Context(), "c/ab/key"); errs.KindOf(err) != errs.Denied || calls != 1 {
		t.Errorf("%v after %d attempts", err, calls)
	}
}

func TestRetryKeepsThePauseTheServerAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := Retry(Fail(new(Mem), func(r Request) Fault {
			if r.Nth == 0 {
				return Fault{Err: &Temporary{Err: errBusy, After: time.Minute}}
			}
			return Fault{}
		}))
		start := time.Now()
		put(t, b, "c/ab/key", "x")
		if d := time.Since(start); d < time.Minute {
			t.Errorf("came back after %v", d)
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		b := Retry(Fail(new(Mem), func(Request) Fault {
			return Fault{Err: &Temporary{Err: errBusy, After: time.Hour}}
		}))
		start := time.Now()
		if _, err := b.Stat(ctx, "c/ab/key"); !errors.Is(err, errBusy) || time.Since(start) > time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestReadThatBreaksOffGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := new(Mem)
		put(t, mem, "c/ab/key", "0123456789")
		b := Retry(Fail(mem, func(r Request) Fault {
			if r.N < 3 {
				return Fault{Err: &Temporary{Err: errBusy}, Late: true}
			}
			return Fault{}
		}))
		counter := Count(b)
		wantBody(t, counter, "c/ab/key", 1, 8, "12345678")
		if got := counter.Counts().Received; got != 8 {
			t.Errorf("%d bytes came, want each once", got)
		}
	})
}

func TestListThatBreaksOffYieldsEachKeyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := new(Mem)
		for _, key := range []string{"a", "b", "c", "d"} {
			put(t, mem, key, "x")
		}
		b := Retry(Fail(mem, func(r Request) Fault {
			if r.N == 0 {
				return Fault{Err: &Temporary{Err: errBusy}, Late: true}
			}
			return Fault{}
		}))
		var keys []string
		for info, err := range b.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, info.Key)
		}
		if got := strings.Join(keys, ""); got != "abcd" {
			t.Errorf("keys %s", got)
		}
	})
}

func TestCounterCountsRequestsAndBytes(t *testing.T) {
	c := Count(new(Mem))
	put(t, c, "c/ab/a", "12345")
	put(t, c, "c/ab/b", "123")
	wantBody(t, c, "c/ab/a", 1, 2, "23")
	_, _ = c.Stat(t.Context(), "c/ab/a")
	for range c.List(t.Context(), "") { //nolint:revive // counting
	}
	_ = c.Delete(t.Context(), "c/ab/a", "c/ab/b")
	want := Counts{Put: 2, Get: 1, Stat: 1, List: 1, Delete: 1, Sent: 8, Received: 2}
	if got := c.Counts(); got != want || got.Requests() != 6 {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestKilledClientDoesNothingMore(t *testing.T) {
	mem := new(Mem)
	b := Fail(mem, KillAfter(2))
	put(t, b, "a", "1")
	wantBody(t, b, "a", 0, -1, "1")
	put(t, b, "b", "2")
	if err := b.Put(t.Context(), "c", strings.NewReader("3"), 1); !errors.Is(err, ErrKilled) {
		t.Errorf("third put: %v", err)
	}
	if _, err := b.Stat(t.Context(), "a"); !errors.Is(err, ErrKilled) {
		t.Errorf("stat of a dead client: %v", err)
	}
	if _, err := mem.Stat(t.Context(), "c"); errs.KindOf(err) != errs.Missing {
		t.Errorf("third put arrived: %v", err)
	}
}

func TestFaultsSpoilBodies(t *testing.T) {
	mem := new(Mem)
	var fault Fault
	b := Fail(mem, func(Request) Fault { return fault })
	fault = Fault{Lose: true}
	put(t, b, "lost", "0123")
	if _, err := mem.Stat(t.Context(), "lost"); errs.KindOf(err) != errs.Missing {
		t.Errorf("a lost put arrived: %v", err)
	}
	fault = Fault{Short: 2}
	put(t, b, "short", "0123")
	wantBody(t, mem, "short", 0, -1, "01")
	fault = Fault{Flip: 1}
	put(t, b, "flip", "0123")
	wantBody(t, mem, "flip", 0, -1, "1123")
	fault = Fault{Flip: 2, Short: 1}
	wantBody(t, b, "flip", 0, -1, "102")
}

func TestOpenUnderstandsURLs(t *testing.T) {
	mem := new(Mem)
	b, err := Open(t.Context(), "mem:", Options{Mem: mem})
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, "a", "1")
	wantBody(t, mem, "a", 0, -1, "1")
	for _, url := range []string{"gopher://hole", "mem:", "file://host/path", "file://", "file:///%zz"} {
		if _, err := Open(t.Context(), url, Options{}); errs.KindOf(err) != errs.Usage {
			t.Errorf("open %q: %v, want Usage", url, err)
		}
	}
}
