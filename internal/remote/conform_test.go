package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/par"
)

// harness opens an empty remote of each scheme. A driver without one fails
// TestEveryDriverConforms.
var harness = map[string]func(t *testing.T) Bucket{
	"mem": func(*testing.T) Bucket { return new(Mem) },
	"file": func(t *testing.T) Bucket {
		b, err := Open(t.Context(), filepath.Join(t.TempDir(), "remote"), Options{Project: "01JD"})
		if err != nil {
			t.Fatal(err)
		}
		return b
	},
}

// conformance is what every driver must do, and every decorator must keep.
var conformance = map[string]func(t *testing.T, b Bucket){
	"an object that was never put is missing": testMissing,
	"put replaces":                       testReplace,
	"ranges":                             testRanges,
	"a range beyond the end":             testBeyond,
	"empty object":                       testEmptyObject,
	"large object":                       testLarge,
	"list by prefix, rising":             testList,
	"delete":                             testDelete,
	"times of the store":                 testTimes,
	"racing puts leave one whole object": testRace,
	"keys that lead outside":             testKeys,
	"a cancelled context":                testCancelled,
}

func TestEveryDriverConforms(t *testing.T) {
	if len(drivers) == 0 {
		t.Fatal("no driver is registered")
	}
	for _, d := range drivers {
		open := harness[d.scheme]
		if open == nil {
			t.Errorf("driver %s has no harness here", d.scheme)
			continue
		}
		for name, test := range conformance {
			t.Run(d.scheme+"/"+name, func(t *testing.T) { test(t, open(t)) })
		}
	}
}

func TestDecoratorsKeepTheContract(t *testing.T) {
	quiet := func(Request) Fault { return Fault{} }
	for name, wrap := range map[string]func(Bucket) Bucket{
		"retry": Retry,
		"count": func(b Bucket) Bucket { return Count(b) },
		"fail":  func(b Bucket) Bucket { return Fail(b, quiet) },
	} {
		for what, test := range conformance {
			t.Run(name+"/"+what, func(t *testing.T) { test(t, wrap(new(Mem))) })
		}
	}
}

func put(t *testing.T, b Bucket, key, body string) {
	t.Helper()
	if err := b.Put(t.Context(), key, strings.NewReader(body), int64(len(body))); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func get(t *testing.T, b Bucket, key string, off, n int64) (string, error) {
	t.Helper()
	r, err := b.Get(t.Context(), key, off, n)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(r)
	return string(text), err
}

func wantBody(t *testing.T, b Bucket, key string, off, n int64, want string) {
	t.Helper()
	if got, err := get(t, b, key, off, n); err != nil || got != want {
		t.Errorf("get %s from %d, %d bytes: %q (%v), want %q", key, off, n, got, err, want)
	}
}

func testMissing(t *testing.T, b Bucket) {
	put(t, b, "c/ab/other", "x")
	for _, key := range []string{"c/ab/none", "r/ab/none", "c/ab"} {
		if _, err := get(t, b, key, 0, -1); errs.KindOf(err) != errs.Missing {
			t.Errorf("get %s: %v, want Missing", key, err)
		}
		if _, err := b.Stat(t.Context(), key); errs.KindOf(err) != errs.Missing {
			t.Errorf("stat %s: %v, want Missing", key, err)
		}
	}
}

func testReplace(t *testing.T, b Bucket) {
	for _, body := range []string{"first, and long", "second", ""} {
		put(t, b, "r/ab/key", body)
		wantBody(t, b, "r/ab/key", 0, -1, body)
		if info, err := b.Stat(t.Context(), "r/ab/key"); err != nil || info.Size != int64(len(body)) || info.Key != "r/ab/key" {
			t.Errorf("stat %+v (%v), want %d bytes", info, err, len(body))
		}
	}
}

func testRanges(t *testing.T, b Bucket) {
	put(t, b, "c/ab/key", "0123456789")
	for _, r := range []struct {
		off, n int64
		want   string
	}{{0, -1, "0123456789"}, {0, 10, "0123456789"}, {3, 4, "3456"}, {9, 1, "9"}, {4, -1, "456789"}, {8, 100, "89"}} {
		wantBody(t, b, "c/ab/key", r.off, r.n, r.want)
	}
	r, err := b.Get(t.Context(), "c/ab/key", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("closing an unread body: %v", err)
	}
}

func testBeyond(t *testing.T, b Bucket) {
	put(t, b, "c/ab/key", "0123456789")
	for _, off := range []int64{10, 11, 1 << 40} {
		for _, n := range []int64{1, -1} {
			if _, err := get(t, b, "c/ab/key", off, n); errs.KindOf(err) != errs.Corrupt {
				t.Errorf("get from %d: %v, want Corrupt", off, err)
			}
		}
	}
}

func testEmptyObject(t *testing.T, b Bucket) {
	put(t, b, "c/ab/key", "")
	wantBody(t, b, "c/ab/key", 0, -1, "")
}

func testLarge(t *testing.T, b Bucket) {
	body := make([]byte, 5<<20+17)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range body {
		body[i] = byte(r.Uint32())
	}
	put(t, b, "c/ab/key", string(body))
	wantBody(t, b, "c/ab/key", 0, -1, string(body))
	wantBody(t, b, "c/ab/key", 4<<20-5, 100, string(body[4<<20-5:][:100]))
}

func testList(t *testing.T, b Bucket) {
	keys := []string{"c/00/a", "c/0a/a", "c/0a/b", "r-x", "r.x", "r/0a/a", "r/ff/z", "r0", "README.txt"}
	for i := range keys {
		put(t, b, keys[len(keys)-1-i], strings.Repeat("x", i+1))
	}
	slices.Sort(keys)
	for _, prefix := range []string{"", "c/", "c/0a/", "c/0", "r", "r/", "nothing/", "nothing", "README.txt"} {
		var want, got []string
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		for info, err := range b.List(t.Context(), prefix) {
			if err != nil {
				t.Fatalf("list %q: %v", prefix, err)
			}
			if strings.HasPrefix(info.Key, "tmp/") {
				continue // a driver's own
			}
			got = append(got, info.Key)
			if stat, err := b.Stat(t.Context(), info.Key); err != nil || stat.Size != info.Size || !stat.Time.Equal(info.Time) {
				t.Errorf("list says %+v, stat %+v (%v)", info, stat, err)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("list %q:\n%s", prefix, d)
		}
	}
	for range b.List(t.Context(), "") {
		break // a reader may stop early
	}
}

func testDelete(t *testing.T, b Bucket) {
	put(t, b, "c/ab/a", "a")
	put(t, b, "c/ab/b", "b")
	put(t, b, "c/cd/c", "c")
	if err := b.Delete(t.Context(), "c/ab/a", "c/ab/absent", "x/none", "c/cd/c"); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t, b, "c/ab/a", 0, -1); errs.KindOf(err) != errs.Missing {
		t.Errorf("deleted object: %v", err)
	}
	wantBody(t, b, "c/ab/b", 0, -1, "b")
	if err := b.Delete(t.Context()); err != nil {
		t.Errorf("deleting nothing: %v", err)
	}
	put(t, b, "c/cd/c", "again")
	wantBody(t, b, "c/cd/c", 0, -1, "again")
}

func testTimes(t *testing.T, b Bucket) {
	before := time.Now().Add(-10 * time.Second)
	put(t, b, "r/ab/key", "x")
	info, err := b.Stat(t.Context(), "r/ab/key")
	if err != nil || info.Time.Before(before) || info.Time.After(time.Now().Add(10*time.Second)) {
		t.Errorf("put at %v (%v), want now", info.Time, err)
	}
	now := info.Now
	if now.IsZero() {
		if now, err = Now(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if now.IsZero() {
		t.Error("neither Stat nor Now tells the store's time")
	}
	if now.Before(info.Time.Add(-time.Second)) {
		t.Errorf("it is %v, before what was put at %v", now, info.Time)
	}
	for i, err := range b.List(t.Context(), "r/") {
		if err != nil || !i.Time.Equal(info.Time) {
			t.Errorf("list says %v (%v), stat %v", i.Time, err, info.Time)
		}
	}
}

func testRace(t *testing.T, b Bucket) {
	const racers = 16
	body := func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i)}, 100_000+i) }
	err := par.Workers(t.Context(), racers, func(ctx context.Context, i int) error {
		for range 4 {
			x := body(i)
			if err := b.Put(ctx, "r/ab/key", bytes.NewReader(x), int64(len(x))); err != nil {
				return err
			}
			r, err := b.Get(ctx, "r/ab/key", 0, -1)
			if err != nil {
				return err
			}
			got, err := io.ReadAll(r)
			if err = errors.Join(err, r.Close()); err != nil {
				return err
			}
			if len(got) == 0 || !bytes.Equal(got, body(int(got[0]-'a'))) {
				return fmt.Errorf("read %d bytes that nobody put", len(got))
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func testKeys(t *testing.T, b Bucket) {
	for _, key := range []string{"", "../x", "/x", "c//x", "c/../../x", "c/.git/x"} {
		if err := b.Put(t.Context(), key, strings.NewReader("x"), 1); err == nil {
			t.Errorf("put %q was taken", key)
		}
		if _, err := b.Get(t.Context(), key, 0, -1); err == nil {
			t.Errorf("get %q was answered", key)
		}
	}
}

func testCancelled(t *testing.T, b Bucket) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Put(ctx, "c/ab/key", strings.NewReader("x"), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if _, err := b.Stat(t.Context(), "c/ab/key"); errs.KindOf(err) != errs.Missing {
		t.Errorf("a cancelled put stored: %v", err)
	}
	if _, err := b.Get(ctx, "c/ab/key", 0, -1); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v", err)
	}
}
