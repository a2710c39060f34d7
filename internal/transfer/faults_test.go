package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

// putLog counts how often each object was put, by the hash of its body but
// for the random end of a container.
type putLog struct {
	remote.Bucket
	mu   sync.Mutex
	puts map[string]int
}

func (l *putLog) Put(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	err := l.Bucket.Put(ctx, key, body, size)
	if err == nil && (strings.HasPrefix(key, "c/") || strings.HasPrefix(key, "t/")) {
		b := make([]byte, size)
		if _, err := body.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.puts[string(b[:len(b)-24])]++
	}
	return err
}

// story is three versions of a project of which each push sends several
// containers.
func story(s *site) (outputs, before []object.Entry, want map[object.ID]files) {
	old := numbered(400)
	large := noise(5<<20, 1)
	fs := numbered(500)
	fs["d000/f00003.json"] = text("changed")
	fs["weights.bin"] = large
	before = []object.Entry{s.dirOf("data", old)}
	outputs = []object.Entry{s.dirOf("data", fs), s.dirOf("other", files{"x": text("x"), "y": noise(100_000, 2)}), s.fileOf("model", noise(300_000, 3))}
	want = map[object.ID]files{
		outputs[0].ID: fs,
		outputs[1].ID: {"x": text("x"), "y": noise(100_000, 2)},
		outputs[2].ID: {"": noise(300_000, 3)},
	}
	return outputs, before, want
}

// noise returns n bytes that don't compress.
func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // never fails
	return b
}

func TestKilledPushGoesOnWhereItWas(t *testing.T) {
	s := newSite(t)
	outputs, before, want := story(s)
	for k := 0; ; k++ {
		s.forget()
		mem := new(remote.Mem)
		s.push(mem, before)
		log := &putLog{Bucket: mem, puts: map[string]int{}}
		killed := s.options(remote.Fail(log, remote.KillAfter(k)), outputs, before)
		_, err := Push(t.Context(), killed)
		if err == nil {
			if k < 5 {
				t.Errorf("the whole push took %d puts: the test tests nothing", k)
			}
			return
		}
		if !errors.Is(err, remote.ErrKilled) {
			t.Fatalf("killed after %d puts: %v", k, err)
		}
		audit(t, mem)
		s.push(log, outputs, before)
		for _, n := range log.puts {
			if n != 1 {
				t.Errorf("killed after %d puts: a container was put %d times", k, n)
			}
		}
		roots := audit(t, mem)
		for id, fs := range want {
			wantFiles(t, fmt.Sprintf("killed after %d puts: %s", k, id.Short()), roots[id], fs)
		}
		if r := s.push(mem, outputs); !r.UpToDate {
			t.Errorf("killed after %d puts, pushed again: %+v", k, r)
		}
	}
}

// Whatever request fails, the records that are there stay true, and the next
// push completes.
func TestFailedRequestLeavesTheRemoteTrue(t *testing.T) {
	boom := errors.New("boom")
	s := newSite(t)
	outputs, before, want := story(s)
	for _, late := range []bool{false, true} {
		for nth := 0; ; nth++ {
			s.forget()
			mem := new(remote.Mem)
			s.push(mem, before)
			failed := false
			b := remote.Fail(mem, func(r remote.Request) remote.Fault {
				if r.Nth != nth {
					return remote.Fault{}
				}
				failed = true
				return remote.Fault{Err: boom, Late: late}
			})
			_, err := Push(t.Context(), s.options(b, outputs, before))
			if !failed {
				break
			}
			if err == nil {
				t.Errorf("request %d failed and the push did not", nth)
			}
			audit(t, mem)
			s.push(mem, outputs, before)
			roots := audit(t, mem)
			for id, fs := range want {
				wantFiles(t, fmt.Sprintf("request %d failed: %s", nth, id.Short()), roots[id], fs)
			}
		}
	}
}

// flip flips a bit of an object, which keeps its time.
func flip(t *testing.T, b remote.Bucket, key string, at int) {
	t.Helper()
	body, err := getAll(t.Context(), b, key, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	body = bytes.Clone(body)
	body[at] ^= 0x10
	if err := b.Put(t.Context(), key, bytes.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
}

func keysOf(t *testing.T, b remote.Bucket) (keys []string, sizes map[string]int64) {
	t.Helper()
	sizes = map[string]int64{}
	for info, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
		sizes[info.Key] = info.Size
	}
	return keys, sizes
}

// rightOrAbsent checks that what a cache has of outputs is right, and returns
// how many contents it lacks.
func (s *site) rightOrAbsent(want map[object.ID]files) (lacks int) {
	s.t.Helper()
	s.reopen()
	for _, fs := range want {
		for name, content := range fs {
			b, err := s.store.Get(s.t.Context(), object.Sum(content), nil)
			switch {
			case errs.KindOf(err) == errs.Missing:
				lacks++
			case err != nil:
				s.t.Errorf("%s: %v", name, err)
			case !bytes.Equal(b, content):
				s.t.Errorf("%s: wrong content in the cache", name)
			}
		}
	}
	return lacks
}

// A flipped bit anywhere on the remote costs at most what lies there: it is
// named, nothing wrong is stored, and all else arrives.
func TestFlippedBitIsFoundNamedAndContained(t *testing.T) {
	s := newSite(t)
	small := func() (outputs, before []object.Entry, want map[object.ID]files) {
		fs := numbered(40)
		fs["weights.bin"] = noise(4<<20+100_000, 1)
		fs["picture"] = noise(50_000, 4)
		outputs = []object.Entry{s.dirOf("data", fs), s.dirOf("other", files{"x": text("x")}), s.fileOf("model", noise(30_000, 3))}
		return outputs, nil, map[object.ID]files{outputs[0].ID: fs, outputs[1].ID: {"x": text("x")}, outputs[2].ID: {"": noise(30_000, 3)}}
	}
	outputs, _, want := small()
	first := new(remote.Mem)
	s.push(first, outputs)
	keys, sizes := keysOf(t, first)
	for _, key := range keys {
		offsets := []int64{0, sizes[key] / 3, sizes[key] / 2, sizes[key] - 100, sizes[key] - 1}
		for _, at := range offsets {
			if at < 0 {
				continue
			}
			mem := new(remote.Mem)
			s := newSite(t)
			copyAll(t, mem, first)
			flip(t, mem, key, int(at))
			_, err := s.fetch(mem, history(outputs), outputs...)
			lacks := s.rightOrAbsent(want)
			if k := errs.KindOf(err); err != nil && k != errs.Corrupt && k != errs.Missing {
				t.Errorf("%s flipped at %d: %v", key, at, err)
			}
			if (err == nil) != (lacks == 0) {
				t.Errorf("%s flipped at %d: %d files are not here, error %v", key, at, lacks, err)
			}
			if strings.HasPrefix(key, "r/") && lacks > 0 {
				t.Errorf("%s flipped at %d: %d files are not here, though another record has them", key, at, lacks)
			}
		}
	}
}

func copyAll(t *testing.T, to, from remote.Bucket) {
	t.Helper()
	keys, _ := keysOf(t, from)
	for _, key := range keys {
		b, err := getAll(t.Context(), from, key, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if err := to.Put(t.Context(), key, bytes.NewReader(b), int64(len(b))); err != nil {
			t.Fatal(err)
		}
	}
}

// A lost or damaged object is not seen by a plain push; with Verify, whatever
// it was, the remote is whole again.
func TestVerifyHealsWhateverIsLost(t *testing.T) {
	s := newSite(t)
	outputs, before, want := story(s)
	first := new(remote.Mem)
	s.push(first, before)
	s.push(first, outputs, before)
	keys, _ := keysOf(t, first)
	for _, key := range keys {
		for _, how := range []string{"lost", "flipped"} {
			mem := new(remote.Mem)
			copyAll(t, mem, first)
			if how == "lost" {
				if err := mem.Delete(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			} else {
				flip(t, mem, key, 5)
			}
			o := s.options(mem, outputs, before)
			o.Verify = true
			r, err := Push(t.Context(), o)
			if err != nil {
				t.Errorf("%s %s: %v", key, how, err)
				continue
			}
			roots := auditOf(t, mem, outputs)
			for id, fs := range want {
				wantFiles(t, fmt.Sprintf("%s %s: %s", key, how, id.Short()), roots[id], fs)
			}
			if r2, err := Push(t.Context(), o); err != nil || !r2.UpToDate || r2.Sent > 0 || r2.Damaged > 0 {
				t.Errorf("%s %s: verify after verify: %+v (%v)", key, how, r2, err)
			}
			if strings.HasPrefix(key, "c/") && r.Damaged != 1 {
				t.Logf("%s %s: %+v", key, how, r)
			}
		}
	}
}

// auditOf is audit of the records of outputs and their project tree alone:
// others may be damaged.
func auditOf(t *testing.T, b remote.Bucket, outputs []object.Entry) map[object.ID]files {
	t.Helper()
	p, err := newProject(outputs)
	if err != nil {
		t.Fatal(err)
	}
	keep := map[string]bool{recordKey(p.root.ID): true}
	for _, e := range outputs {
		keep[recordKey(e.ID)] = true
	}
	some := new(remote.Mem)
	keys, _ := keysOf(t, b)
	for _, key := range keys {
		if strings.HasPrefix(key, "r/") && !keep[key] {
			continue
		}
		body, err := getAll(t.Context(), b, key, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if id := key[strings.LastIndexByte(key, '/')+1:]; (key[:2] == "c/" || key[:2] == "t/") && object.Sum(body).String() != id {
			continue
		}
		if err := some.Put(t.Context(), key, bytes.NewReader(body), int64(len(body))); err != nil {
			t.Fatal(err)
		}
	}
	return audit(t, some)
}
