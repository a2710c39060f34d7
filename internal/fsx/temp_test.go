package fsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
)

// TestDirectFilesHaveWhatWasWritten writes sizes around the block and the
// buffer in pieces that end nowhere in particular.
func TestDirectFilesHaveWhatWasWritten(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		source := make([]byte, 4*stage+1)
		rng := rand.NewChaCha8([32]byte{1})
		_, err := rng.Read(source)
		check(t, err)
		for _, size := range []int{0, 1, block - 1, block, block + 1, stage - 1, stage, stage + 1, 3*stage + 4097, 4*stage + 1} {
			for _, direct := range []bool{true, false} {
				temp, err := r.CreateTemp("tmp", TempOptions{Direct: direct, Size: int64(size) * 2, Perm: 0o444})
				check(t, err)
				for rest := source[:size]; len(rest) > 0; {
					n := min(len(rest), 1+int(rng.Uint64()%200_000))
					k, err := temp.Write(rest[:n])
					if check(t, err); k != n {
						t.Fatalf("wrote %d of %d", k, n)
					}
					rest = rest[n:]
				}
				p := Path(fmt.Sprintf("files/%v-%d", direct, size))
				check(t, temp.Commit(p, CommitOptions{Sync: direct}))
				got, err := r.ReadFile(p, 1<<30)
				check(t, err)
				if !bytes.Equal(got, source[:size]) {
					t.Errorf("%d bytes, direct %v: content of %d bytes differs", size, direct, len(got))
				}
			}
		}
	})
}

func TestDirectBuffersAreAlignedAndUsedAgain(t *testing.T) {
	for range 10 {
		if s := newStaging(); len(s.b) != stage || !aligned(s.b) {
			t.Fatal("not aligned")
		}
	}
}

// TestRefusedDirectWritesGoTheCommonWay: memory that isn't aligned is refused
// as a file system without direct writes refuses all.
func TestRefusedDirectWritesGoTheCommonWay(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	want := bytes.Repeat([]byte("odd"), stage)
	r.buffers.New = func() any { return &staging{b: make([]byte, stage+1)[1:]} }
	temp, err := r.CreateTemp("", TempOptions{Direct: true})
	check(t, err)
	_, err = temp.Write(want)
	check(t, err)
	check(t, temp.Commit("file", CommitOptions{}))
	got, err := r.ReadFile("file", 1<<30)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes differ", len(got))
	}
}

// TestFailedWriteDropsTheFile: a full disk, here a descriptor that can't be
// written, leaves neither name.
func TestFailedWriteDropsTheFile(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		for _, direct := range []bool{true, false} {
			temp, err := r.CreateTemp("tmp", TempOptions{Direct: direct})
			check(t, err)
			_, err = temp.Write(make([]byte, 3*stage))
			check(t, err)
			check(t, temp.f.Close())
			if err := temp.Commit("file", CommitOptions{}); !errors.Is(err, os.ErrClosed) {
				t.Errorf("commit: %v", err)
			}
			if ok, _ := r.Exists("file"); ok {
				t.Error("half a file has a name")
			}
			if names, err := r.ReadDir("tmp"); err != nil || len(names) != 0 {
				t.Errorf("left behind: %v, %v", names, err)
			}
		}
	})
}

func TestTempCanBeWrittenInOtherWays(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		temp, err := r.CreateTemp("", TempOptions{Size: 1 << 20})
		check(t, err)
		st, err := temp.Stat()
		check(t, err)
		if st.Size != 0 || st.Mtime == 0 {
			t.Errorf("%+v", st)
		}
		_, err = temp.File().WriteAt([]byte("world"), 6)
		check(t, err)
		_, err = temp.File().WriteAt([]byte("hello "), 0)
		check(t, err)
		b, err := io.ReadAll(io.NewSectionReader(temp.File(), 0, 100))
		if check(t, err); string(b) != "hello world" {
			t.Errorf("reads back %q", b)
		}
		check(t, temp.Commit("file", CommitOptions{}))
		if got := content(t, r, "file"); got != "hello world" {
			t.Errorf("content %q", got)
		}
	})
}

func TestDiskThatIsTooSmallShowsAtOnce(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		free, err := r.Free()
		check(t, err)
		if free <= 0 {
			t.Fatalf("%d bytes are free", free)
		}
		if free > 1<<50 || runtime.GOOS != "linux" {
			t.Skip("the disk has no end, or can't be reserved")
		}
		temp, err := r.CreateTemp("tmp", TempOptions{Size: 1 << 60})
		if !errors.Is(err, syscall.ENOSPC) || len(errs.Hints(err)) != 1 {
			t.Errorf("%v, %v", temp, err)
		}
		if names, err := r.ReadDir("tmp"); err != nil || len(names) != 0 {
			t.Errorf("left behind: %v, %v", names, err)
		}
	})
}

func TestAppendGoesOnAtTheEnd(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		for _, line := range []string{"one\n", "two\n"} {
			f, err := r.Append("logs/log")
			check(t, err)
			_, err = f.WriteString(line)
			check(t, errors.Join(err, f.Close()))
		}
		if got := content(t, r, "logs/log"); got != "one\ntwo\n" {
			t.Errorf("content %q", got)
		}
	})
}

func TestTemporaryNamesAreKnown(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	temp, err := r.CreateTemp("", TempOptions{})
	check(t, err)
	defer temp.Discard()
	if name := filepath.Base(temp.File().Name()); !IsTemp(name) || IsTemp("data") || IsTemp(".mlv") {
		t.Errorf("name %q", name)
	}
}

func TestCloneTempHasTheContentOrIsUnsupported(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "source", "content")
		f, err := r.Open("source")
		check(t, err)
		defer f.Close()
		temp, err := r.CloneTemp("tmp", f, TempOptions{Perm: 0o444})
		if errors.Is(err, errors.ErrUnsupported) {
			if names, err := r.ReadDir("tmp"); err != nil || len(names) != 0 {
				t.Errorf("left behind: %v, %v", names, err)
			}
			return
		}
		check(t, err)
		check(t, temp.Commit("clone", CommitOptions{}))
		if got := content(t, r, "clone"); got != "content" {
			t.Errorf("content %q", got)
		}
	})
}

func TestSyncAllWorksOrSaysThatItDoesNot(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		if err := r.SyncAll(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Error(err)
		}
	})
}
