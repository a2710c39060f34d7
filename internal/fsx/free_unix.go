//go:build unix

package fsx

import (
	"math"

	"golang.org/x/sys/unix"
)

func free(dir string) (int64, error) {
	var st unix.Statfs_t
	_, err := retry(func() (struct{}, error) { return struct{}{}, unix.Statfs(dir, &st) })
	if err != nil {
		return 0, err
	}
	if st.Blocks == 0 {
		return math.MaxInt64, nil // it has no size of its own
	}
	return available(&st), nil
}

// available returns how many bytes a user who isn't root may still write.
func available(st *unix.Statfs_t) int64 {
	blocks, size := int64(st.Bavail), int64(st.Bsize) //nolint:unconvert // types differ by system
	if size > 0 && blocks > math.MaxInt64/size {
		return math.MaxInt64
	}
	return max(blocks*size, 0)
}
