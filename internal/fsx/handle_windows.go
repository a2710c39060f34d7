package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

const onWindows = true

func openHandle(dir string) (handle, error) { return openPortable(dir) }

func statFile(f *os.File) (Stat, error) { return statPlain(f) }

func cannotHere(err error) bool {
	return otherDisk(err) || errors.Is(err, windows.ERROR_INVALID_FUNCTION) ||
		errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_PRIVILEGE_NOT_HELD) ||
		errors.Is(err, windows.ERROR_TOO_MANY_LINKS)
}

func otherDisk(err error) bool { return errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) }

func diskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
