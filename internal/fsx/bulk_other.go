//go:build !linux

package fsx

func syncAll(handle) error { return errNoSyncAll }
