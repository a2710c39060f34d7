//go:build unix

package fsx_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/mlv-dev/mlv/internal/fsx"
)

func TestSharedFoldersLetTheGroupLock(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	for name, test := range map[string]struct {
		mode         os.FileMode
		folder, file os.FileMode
	}{
		"shared":  {0o770 | os.ModeSetgid, 0o770 | os.ModeSetgid, 0o660},
		"private": {0o700, 0o700, 0o600},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chmod(dir, test.mode); err != nil {
				t.Fatal(err)
			}
			root, err := fsx.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			l, err := root.Lock(t.Context(), "a/b/lock", fsx.LockOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Unlock()
			for p, want := range map[string]os.FileMode{"a": test.folder, "a/b": test.folder, "a/b/lock": test.file} {
				st, err := os.Stat(filepath.Join(dir, p))
				if err != nil {
					t.Fatal(err)
				}
				if got := st.Mode() &^ os.ModeDir; got != want {
					t.Errorf("%s has mode %v, want %v", p, got, want)
				}
			}
		})
	}
}
