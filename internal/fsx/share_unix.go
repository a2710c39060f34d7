//go:build unix

package fsx

import "golang.org/x/sys/unix"

func isShared(h handle) (bool, error) {
	d, ok := h.(*descriptor)
	if !ok {
		return false, nil
	}
	var st unix.Stat_t
	err := unix.Fstat(d.fd, &st)
	const both = unix.S_ISGID | unix.S_IWGRP
	return uint32(st.Mode)&both == both, err //nolint:unconvert // types differ by system
}

func openToGroup(h handle) error {
	d, ok := h.(*descriptor)
	if !ok {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(d.fd, &st); err != nil {
		return err
	}
	mode := uint32(st.Mode) & 0o7777 //nolint:unconvert // types differ by system
	return unix.Fchmod(d.fd, mode|mode&0o700>>3|unix.S_ISGID)
}
