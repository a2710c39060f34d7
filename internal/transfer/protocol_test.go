package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

const day = 24 * time.Hour

func projectKey(t *testing.T, outputs []object.Entry) string {
	t.Helper()
	p, err := newProject(outputs)
	if err != nil {
		t.Fatal(err)
	}
	return recordKey(p.root.ID)
}

func TestOldRecordIsPutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		mem := new(remote.Mem)
		outputs := []object.Entry{s.dirOf("data", numbered(10))}
		s.push(mem, outputs)
		time.Sleep(14 * day)
		if r := s.push(mem, outputs); !r.UpToDate || r.Sent > 0 || r.Requests != 1 {
			t.Errorf("after 14 days: %+v", r)
		}
		time.Sleep(2 * day)
		if r := s.push(mem, outputs); !r.UpToDate || r.Sent == 0 {
			t.Errorf("after 16 days: %+v", r)
		}
		if r := s.push(mem, outputs); !r.UpToDate || r.Sent > 0 || r.Requests != 1 {
			t.Errorf("right after that: %+v", r)
		}
		audit(t, mem)
	})
}

// A record whose time is yet to come may be as old as any.
func TestRecordFromTheFutureIsOld(t *testing.T) {
	p := &push{}
	now := time.Now()
	for _, test := range []struct {
		age  time.Duration
		want bool
	}{{0, true}, {14 * day, true}, {16 * day, false}, {-time.Hour, false}} {
		if got := p.young(remote.Info{Time: now.Add(-test.age), Now: now}); got != test.want {
			t.Errorf("a record %v old is young: %v", test.age, got)
		}
	}
}

// What a base had may be swept by a gc that deleted its record: the push
// begins again, without it.
func TestPushBeginsAgainWhenItsBaseChanged(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	old, fresh := numbered(300), numbered(300)
	fresh["new"] = text("new")
	before := []object.Entry{s.dirOf("data", old)}
	after := []object.Entry{s.dirOf("data", fresh)}
	s.push(mem, before)
	swept, _ := keysOf(t, mem)
	gone := false
	b := remote.Fail(mem, func(r remote.Request) remote.Fault {
		if r.Kind == "put" && strings.HasPrefix(r.Key, "t/") && !gone {
			gone = true
			if err := mem.Delete(context.WithoutCancel(t.Context()), swept...); err != nil {
				t.Error(err)
			}
		}
		return remote.Fault{}
	})
	s.push(b, after, before)
	if !gone {
		t.Fatal("nothing was deleted: the test tests nothing")
	}
	wantFiles(t, "data", audit(t, mem)[after[0].ID], fresh)
}

func TestPushOfMoreThanAnHourLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		mem := new(remote.Mem)
		outputs := []object.Entry{s.dirOf("data", numbered(10)), s.dirOf("more", files{"x": text("x")})}
		slept, stats := false, 0
		b := remote.Fail(mem, func(r remote.Request) remote.Fault {
			if r.Kind == "stat" {
				stats++
			}
			if r.Kind == "put" && r.Key == readmeKey && !slept {
				slept = true // after the records of the base were read again
				return remote.Fault{Delay: 2 * time.Hour}
			}
			return remote.Fault{}
		})
		s.push(b, outputs)
		if !slept || stats != 2 {
			t.Errorf("the push began %d times", stats)
		}
		audit(t, mem)
	})
}

func mark(t *testing.T, b remote.Bucket, step, text string) {
	t.Helper()
	if err := b.Put(t.Context(), "g/01JD0000000000000000000000."+step, strings.NewReader(text), int64(len(text))); err != nil {
		t.Fatal(err)
	}
}

// A gc that wants to delete a record that was just put again is waited for,
// and what it deleted is put back.
func TestPushOutlastsAGC(t *testing.T) {
	for name, deleted := range map[string]bool{"deleted": true, "spared": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				mem := new(remote.Mem)
				outputs := []object.Entry{s.dirOf("data", numbered(10))}
				key := projectKey(t, outputs)
				mark(t, mem, "start", "")
				mark(t, mem, "mark", "mlv-mark 1\nr "+key[len(key)-64:]+" 1 00\n")
				lists := 0
				b := remote.Fail(mem, func(r remote.Request) remote.Fault {
					if r.Kind == "list" {
						lists++
					}
					if lists == 5 {
						lists++
						if deleted {
							if err := mem.Delete(context.WithoutCancel(t.Context()), key); err != nil {
								t.Error(err)
							}
						}
						mark(t, mem, "done", "")
					}
					return remote.Fault{}
				})
				s.push(b, outputs)
				if lists < 6 {
					t.Errorf("waited for %d listings", lists)
				}
				wantFiles(t, "data", audit(t, mem)[outputs[0].ID], numbered(10))
				if _, err := mem.Stat(t.Context(), key); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestPushDoesNotWaitForAGCOfOthers(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	mark(t, mem, "mark", "mlv-mark 1\nr "+strings.Repeat("0a", 32)+" 1 00\n")
	s.push(mem, []object.Entry{s.dirOf("data", numbered(10))})
}

func TestGCThatDoesNotGoOnEndsThePush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		mem := new(remote.Mem)
		mark(t, mem, "mark", "something newer")
		start := time.Now()
		_, err := Push(t.Context(), s.options(mem, []object.Entry{s.dirOf("data", numbered(10))}))
		wantKind(t, "push", err, errs.Locked)
		if d := time.Since(start); d < gcPatience || d > 2*gcPatience {
			t.Errorf("gave up after %v", d)
		}
	})
}

func TestTwoPushesAtOnceLeaveBothComplete(t *testing.T) {
	a, b := newSite(t), newSite(t)
	mem := new(remote.Mem)
	base := numbered(300)
	before := []object.Entry{a.dirOf("data", base)}
	a.push(mem, before)
	one, two := numbered(300), numbered(300)
	one["one"], two["two"] = text("one"), text("two")
	outputsA, outputsB := []object.Entry{a.dirOf("data", one)}, []object.Entry{b.dirOf("data", two)}
	// The second runs whole in the middle of the first, at each of its requests.
	for nth := 0; ; nth++ {
		mem2 := new(remote.Mem)
		copyAll(t, mem2, mem)
		a.forget()
		b.forget()
		inner := false
		r := remote.Fail(mem2, func(r remote.Request) remote.Fault {
			if r.Nth == nth && !inner {
				inner = true
				b.push(mem2, outputsB, before)
			}
			return remote.Fault{}
		})
		a.push(r, outputsA, before)
		if !inner {
			if nth < 8 {
				t.Errorf("the push made %d requests: the test tests little", nth)
			}
			break
		}
		roots := audit(t, mem2)
		wantFiles(t, fmt.Sprint("first, interrupted at ", nth), roots[outputsA[0].ID], one)
		wantFiles(t, fmt.Sprint("second, within the first at ", nth), roots[outputsB[0].ID], two)
	}
}

func TestSecondPushFromOnePlaceIsLockedOut(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	outputs := []object.Entry{s.dirOf("data", numbered(10))}
	b := remote.Fail(mem, func(r remote.Request) remote.Fault {
		if r.Nth == 0 {
			_, err := Push(context.WithoutCancel(t.Context()), s.options(mem, outputs))
			wantKind(t, "second push", err, errs.Locked)
		}
		return remote.Fault{}
	})
	s.push(b, outputs)
}

func TestContainersShrinkToWhatTheStoreTakes(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	fs := files{}
	for i := range 60 {
		fs[fmt.Sprint("f", i)] = noise(60_000, byte(i))
	}
	outputs := []object.Entry{s.dirOf("data", fs)}
	s.push(tooSmall{mem, 700_000}, outputs)
	wantFiles(t, "data", audit(t, mem)[outputs[0].ID], fs)
	s.forget()
	_, err := Push(t.Context(), s.options(tooSmall{new(remote.Mem), 1000}, outputs))
	if !errors.Is(err, remote.ErrTooLarge) {
		t.Errorf("a store that takes nothing: %v", err)
	}
}

// tooSmall is a store that takes no objects of more than some bytes.
type tooSmall struct {
	*remote.Mem
	most int64
}

func (b tooSmall) Put(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	if size > b.most {
		return fmt.Errorf("413: %w", remote.ErrTooLarge)
	}
	return b.Mem.Put(ctx, key, body, size)
}
