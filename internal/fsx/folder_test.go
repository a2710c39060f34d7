package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oddNames are names that POSIX allows and careless code breaks on.
func oddNames() []string {
	names := []string{"plain", "colon:stream", "new\nline", "\x01\x7f", "back\\slash", " blank ", "...", "-rf", "a*?\"<>|", "é", "e\u0301", strings.Repeat("n", MaxName)}
	if !onWindows {
		names = append(names, "invalid\xff\xfe", strings.Repeat("\xf0", 100))
	}
	if onWindows {
		names = slices.DeleteFunc(names, func(n string) bool { return WindowsName(n) != nil })
	}
	slices.Sort(names)
	return names
}

func folder(t *testing.T, r *Root, p Path) *Folder {
	t.Helper()
	d, err := r.Folder(p)
	check(t, err)
	t.Cleanup(func() { check(t, d.Close()) })
	return d
}

func TestFolderAgreesWithPackageOS(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		check(t, r.MkdirAll("odd"))
		d := folder(t, r, "odd")
		for i, name := range oddNames() {
			if _, err := d.Create(name, make([]byte, i*100), 0o666); err != nil {
				t.Fatalf("create %q: %v", name, err)
			}
		}
		check(t, d.Mkdir("sub"))
		check(t, d.Symlink("plain", "link"))

		dir := filepath.Join(r.Dir(), "odd")
		entries, err := os.ReadDir(dir)
		check(t, err)
		var want []Name
		for _, e := range entries {
			want = append(want, Name{e.Name(), kindOf(e.Type())})
		}
		sortNames(want)
		got, err := d.Names(nil)
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if len(got) != len(oddNames())+2 {
			t.Fatalf("%d names", len(got))
		}
		again, err := d.Names(make([]byte, 256<<10))
		if check(t, err); !slices.Equal(got, again) {
			t.Error("a second listing differs")
		}
		for _, n := range got {
			fi, err := os.Lstat(filepath.Join(dir, n.Name))
			check(t, err)
			st, err := d.Stat(n.Name)
			check(t, err)
			if st.Size != fi.Size() || st.Mtime != fi.ModTime().UnixNano() || kindOf(fi.Mode()) != st.Kind || st.Perm != fi.Mode().Perm() {
				t.Errorf("%q: %+v, want %v", n.Name, st, fi)
			}
			if n.Kind != File {
				continue
			}
			b, read, err := d.Read(n.Name, nil, 1<<20)
			check(t, err)
			if read != st || int64(len(b)) != st.Size {
				t.Errorf("%q: read says %+v, stat %+v", n.Name, read, st)
			}
		}
	})
}

func TestFolderListsMoreThanOneBuffer(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		d := folder(t, r, "")
		var want []string
		for i := range 2 * minScratch / 200 {
			name := fmt.Sprintf("%d-%s", i, strings.Repeat("n", 150+i%100))
			_, err := d.Create(name, nil, 0o666)
			check(t, err)
			want = append(want, name)
		}
		slices.Sort(want)
		names, err := d.Names(nil)
		check(t, err)
		if len(names) != len(want) {
			t.Fatalf("%d names, want %d", len(names), len(want))
		}
		for i, n := range names {
			if n.Name != want[i] {
				t.Fatalf("name %d is %q, want %q", i, n.Name, want[i])
			}
		}
	})
}

func TestFolderIsListedByTwoAtOnce(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		d := folder(t, r, "")
		for i := range 300 {
			_, err := d.Create(fmt.Sprintf("%0200d", i), nil, 0o666)
			check(t, err)
		}
		counts := make(chan int)
		for range 2 {
			go func() {
				least := 300
				for range 20 {
					names, err := d.Names(nil)
					if err != nil {
						t.Error(err)
					}
					least = min(least, len(names))
				}
				counts <- least
			}()
		}
		if a, b := <-counts, <-counts; a != 300 || b != 300 {
			t.Errorf("%d and %d names of 300", a, b)
		}
	})
}

func TestFolderStaysOpenThroughARename(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		check(t, r.MkdirAll("tmp/build"))
		d := folder(t, r, "tmp/build")
		check(t, d.Mkdir("sub"))
		sub, err := d.Sub("sub")
		check(t, err)
		_, err = sub.Create("file", []byte("x"), 0o666)
		check(t, err)
		before, err := d.Self()
		check(t, err)
		if onWindows {
			check(t, sub.Close())
		}
		check(t, r.Rename("tmp/build", "built", RenameOptions{NoReplace: true}))
		after, err := d.Self()
		check(t, err)
		if before.Inode != after.Inode || after.Mtime != before.Mtime {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if got := content(t, r, "built/sub/file"); got != "x" {
			t.Errorf("content %q", got)
		}
		if !onWindows {
			_, _, err = sub.Read("file", nil, 10)
			check(t, err)
			check(t, sub.Close())
		}
	})
}

func TestReadUsesTheBufferItGets(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "file", "12345678")
		d := folder(t, r, "")
		arena := make([]byte, 3, 12)
		b, st, err := d.Read("file", arena[3:3], 100)
		check(t, err)
		if string(b) != "12345678" || st.Size != 8 || &b[0] != &arena[:4][3] {
			t.Errorf("%q is not in the buffer", b)
		}
		if b, _, err = d.Read("file", arena[3:3:10], 100); err != nil || string(b) != "12345678" {
			t.Errorf("with too small a buffer: %q, %v", b, err)
		}
		if _, st, err := d.Read("file", nil, 7); !errors.Is(err, ErrTooLarge) || st.Size != 8 {
			t.Errorf("over the limit: %+v, %v", st, err)
		}
	})
}

func TestFolderRefusesWhatIsNotOneName(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		check(t, r.MkdirAll("d/sub"))
		write(t, r, "d/sub/file", "x")
		d := folder(t, r, "d")
		for _, name := range []string{"", ".", "..", "sub/file", "../d", "/etc"} {
			for op, err := range map[string]error{
				"stat": second(d.Stat(name)), "open": second(d.Open(name)), "sub": second(d.Sub(name)),
				"readlink": second(d.Readlink(name)), "create": second(d.Create(name, nil, 0o666)),
				"createfile": second(d.CreateFile(name, 0o666)), "mkdir": d.Mkdir(name), "symlink": d.Symlink("x", name),
				"remove": d.Remove(name), "replace": second(d.Replace(name, nil, ReplaceOptions{Perm: 0o666})),
				"place": second(d.Place(name, r, "d/sub/file", PlaceOptions{})),
			} {
				if err == nil {
					t.Errorf("%s of %q", op, name)
				}
			}
			if _, _, err := d.Read(name, nil, 10); err == nil {
				t.Errorf("read of %q", name)
			}
		}
		for _, name := range []string{".git", "GIT~1", ".Git."} {
			if _, err := d.Create(name, nil, 0o666); err == nil {
				t.Errorf("made %q", name)
			}
			if err := d.Mkdir(name); err == nil {
				t.Errorf("made folder %q", name)
			}
		}
		for _, name := range []string{"a\x00b", strings.Repeat("n", 256)} {
			if _, err := d.Stat(name); err == nil {
				t.Errorf("stat of %q", name)
			}
		}
	})
}

func TestCreateAndReplaceInAFolder(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		d := folder(t, r, "")
		big := make([]byte, 300_000)
		st, err := d.Create("big", big, 0o644)
		check(t, err)
		if now, _ := d.Stat("big"); st != now || st.Size != int64(len(big)) {
			t.Errorf("create says %+v, stat %+v", st, now)
		}
		if _, err := d.Create("big", nil, 0o644); !errors.Is(err, fs.ErrExist) {
			t.Errorf("second create: %v", err)
		}
		st, err = d.Replace("big", []byte("small"), ReplaceOptions{Perm: 0o755})
		check(t, err)
		if now, _ := d.Stat("big"); st != now || st.Size != 5 || st.Exec == onWindows {
			t.Errorf("replace says %+v, stat %+v", st, now)
		}
		if _, err := d.Replace("big", nil, ReplaceOptions{Perm: 0o644, NoReplace: true}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("replace without replacing: %v", err)
		}
		f, err := d.CreateFile("open", 0o644)
		check(t, err)
		_, err = f.WriteString("text")
		check(t, errors.Join(err, f.Close()))
		f, err = d.Open("open")
		check(t, err)
		b, err := io.ReadAll(f)
		check(t, errors.Join(err, f.Close()))
		if string(b) != "text" {
			t.Errorf("content %q", b)
		}
		temp, err := d.Temp(TempOptions{})
		check(t, err)
		_, err = temp.Write([]byte("temp"))
		check(t, err)
		check(t, temp.Commit("open", CommitOptions{Fast: true}))
		check(t, d.Remove("big"))
		names, err := d.Names(nil)
		check(t, err)
		if diff := cmp.Diff([]Name{{"open", File}}, names); diff != "" {
			t.Error(diff)
		}
		if got := content(t, r, "open"); got != "temp" {
			t.Errorf("content %q", got)
		}
	})
}

// TestReadNoticesAChange rewrites a file while it is read: what comes back is
// whole, or ErrChanged.
func TestReadNoticesAChange(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	size := 1 << 20
	write(t, r, "file", strings.Repeat("a", size))
	d := folder(t, r, "")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		f, err := os.OpenFile(filepath.Join(r.Dir(), "file"), os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				_ = f.Truncate(int64(size / 2 * (i % 3)))
			}
		}
	}()
	changed := 0
	var buf []byte
	for range 2000 {
		b, st, err := d.Read("file", buf, 1<<30)
		switch {
		case errors.Is(err, ErrChanged):
			changed++
		case err != nil:
			t.Error(err)
		case int64(len(b)) != st.Size:
			t.Errorf("%d bytes of %d", len(b), st.Size)
		}
		if changed > 10 {
			break
		}
	}
	close(stop)
	<-stopped
	if changed == 0 {
		t.Error("no change was noticed")
	}
}
