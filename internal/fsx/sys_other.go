//go:build unix && !linux && !darwin

package fsx

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func openat2(int, string) (int, error) { return -1, unix.ENOSYS }
func hasOpenat2(int) bool              { return false }
func isLocal(int) bool                 { return false }

func renameNew(int, string, int, string) error { return errors.ErrUnsupported }
func swap(int, string, int, string) error      { return errors.ErrUnsupported }

func (d *descriptor) clone(*os.File, string, fs.FileMode) error { return errors.ErrUnsupported }
