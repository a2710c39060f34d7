//go:build !unix

package fsx

// Elsewhere rights are passed on by the system.

func isShared(handle) (bool, error) { return false, nil }
func openToGroup(handle) error      { return nil }
