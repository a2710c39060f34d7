//go:build linux && (amd64 || arm64)

package fsx

import (
	"fmt"
	"testing"
)

// TestHotCallsDoNotAllocate: a million files must not mean a million pieces
// of garbage.
func TestHotCallsDoNotAllocate(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	write(t, r, "file", "content")
	for _, near := range []bool{true, false} {
		d := folder(t, r, "")
		d.h.(*descriptor).near = near
		buf := make([]byte, 100)
		made := make([]string, 0, 200)
		for i := range cap(made) {
			made = append(made, fmt.Sprintf("new%v%d", near, i))
		}
		next := 0
		for name, f := range map[string]func() error{
			"stat": func() error { return second(d.Stat("file")) },
			"self": func() error { return second(d.Self()) },
			"read": func() error {
				_, _, err := d.Read("file", buf, 1000)
				return err
			},
			"too large": func() error {
				if _, _, err := d.Read("file", buf, 1); err != ErrTooLarge {
					return fmt.Errorf("error %w", err)
				}
				return nil
			},
			"create": func() error {
				next++
				return second(d.Create(made[next], buf, 0o666))
			},
		} {
			if n := testing.AllocsPerRun(50, func() { check(t, f()) }); n != 0 {
				t.Errorf("%s, raw %v: %v allocations", name, near, n)
			}
		}
	}
}

// TestFarFileSystemsAgree holds the calls for network file systems to what the
// raw ones say.
func TestFarFileSystemsAgree(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	write(t, r, "file", "content")
	write(t, r, "empty", "")
	near, far := folder(t, r, ""), folder(t, r, "")
	far.h.(*descriptor).near = false
	for _, name := range []string{"file", "empty"} {
		a, s, err := near.Read(name, nil, 100)
		check(t, err)
		b, u, err := far.Read(name, nil, 100)
		check(t, err)
		if string(a) != string(b) || s != u {
			t.Errorf("%s: near %q %+v, far %q %+v", name, a, s, b, u)
		}
	}
}

func FuzzDirents(f *testing.F) {
	f.Add([]byte("12345678abcdefgh\x18\x00\x08name\x00"))
	f.Add([]byte("12345678abcdefgh\xff\xff\x08name\x00"))
	f.Add([]byte("12345678abcdefgh\x00\x00\x08"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l list
		if l.addDirents(b) != nil {
			return
		}
		total := 0
		for _, s := range l.spans {
			if s.from != total || s.to < s.from || s.to > len(l.arena) {
				t.Fatalf("span %+v of %d bytes", s, len(l.arena))
			}
			total = s.to
		}
		if total != len(l.arena) {
			t.Fatalf("%d bytes in spans of %d", total, len(l.arena))
		}
	})
}
