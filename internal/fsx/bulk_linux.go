package fsx

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// syncAll is syncfs where that reports a failed write, as it does from Linux
// 5.8 on, and where the file system is known to be no other process's.
func syncAll(h handle) error {
	d, ok := h.(*descriptor)
	if !ok || !d.near || !linuxFrom(5, 8) {
		return errNoSyncAll
	}
	_, err := retry(func() (struct{}, error) { return struct{}{}, unix.Syncfs(d.fd) })
	return err
}

// linuxFrom tells whether the kernel is of that version or a later one.
func linuxFrom(major, minor int) bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	first, rest, _ := strings.Cut(unix.ByteSliceToString(name.Release[:]), ".")
	second, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(first)
	b, err2 := strconv.Atoi(second)
	return err == nil && err2 == nil && (a > major || a == major && b >= minor)
}
