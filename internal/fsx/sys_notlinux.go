//go:build !linux

package fsx

import (
	"errors"
	"os"
)

func setDirect(*os.File, bool) error        { return errors.ErrUnsupported }
func reserve(*os.File, int64) (bool, error) { return false, nil }
