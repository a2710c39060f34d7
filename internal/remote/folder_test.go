package remote

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
)

func openDir(t *testing.T, url string, o Options) Bucket {
	t.Helper()
	b, err := Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFolderIsFoundByPathAndURL(t *testing.T) {
	dir := t.TempDir()
	put(t, openDir(t, filepath.Join(dir, "with space"), Options{Project: "p"}), "c/ab/key", "x")
	urls := map[string]Options{
		"with space":   {Dir: dir},
		"./with space": {Dir: dir},
	}
	if runtime.GOOS != "windows" {
		urls["file://"+dir+"/with%20space"] = Options{}
		urls["file://localhost"+dir+"/with space"] = Options{}
	}
	for url, o := range urls {
		o.Project = "p"
		wantBody(t, openDir(t, url, o), "c/ab/key", 0, -1, "x")
	}
	if _, err := os.Stat(filepath.Join(dir, "with space", "p", "c", "ab", "key")); err != nil {
		t.Error(err)
	}
}

func TestFolderIsMadeByThePutButNotTheOneAbove(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, filepath.Join(dir, "new"), Options{})
	if _, err := b.Stat(t.Context(), "c/ab/key"); errs.KindOf(err) != errs.Missing {
		t.Errorf("stat: %v", err)
	}
	for _, err := range b.List(t.Context(), "") {
		t.Errorf("list: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("reading made the folder")
	}
	put(t, b, "c/ab/key", "x")

	b = openDir(t, filepath.Join(dir, "unmounted", "new"), Options{})
	if err := b.Put(t.Context(), "k", strings.NewReader("x"), 1); err == nil || errs.KindOf(err) == errs.Missing {
		t.Errorf("put: %v", err)
	}
	if _, err := b.Stat(t.Context(), "k"); err == nil || errs.KindOf(err) == errs.Missing {
		t.Errorf("stat: %v", err)
	}
}

// A body that fails in the middle, as when the client is stopped, leaves
// neither an object nor a temporary file.
func TestFolderKeepsNothingOfAFailedPut(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir, Options{})
	boom := errors.New("boom")
	for _, size := range []int64{100, 3 << 20} {
		err := b.Put(t.Context(), "c/ab/key", failing{size / 2, boom}, size)
		if !errors.Is(err, boom) {
			t.Errorf("put of %d bytes: %v", size, err)
		}
	}
	if err := b.Put(t.Context(), "c/ab/key", strings.NewReader("short"), 100); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("put of a short body: %v", err)
	}
	for info, err := range b.List(t.Context(), "") {
		t.Errorf("left behind: %+v (%v)", info, err)
	}
}

type failing struct {
	after int64
	err   error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.after {
		return 0, f.err
	}
	return len(p), nil
}

func TestFolderStoresThePlainBytes(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int{1, 4095, 4096, direct - 1, direct, direct + 1, 3*direct + 5} {
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		put(t, openDir(t, dir, Options{}), "c/ab/key", string(body))
		if got, err := os.ReadFile(filepath.Join(dir, "c", "ab", "key")); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes of %d (%v)", len(got), size, err)
		}
	}
}

func TestFolderNeverFollowsASymlink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(dir, "c")); err != nil {
		t.Skip(err)
	}
	b := openDir(t, dir, Options{})
	if err := b.Put(t.Context(), "c/key", strings.NewReader("x"), 1); err == nil {
		t.Error("put through a symbolic link")
	}
	if names, _ := os.ReadDir(elsewhere); len(names) > 0 {
		t.Errorf("wrote %v", names)
	}
}
