//go:build unix

package fsx

func openStepwise(dir string) (handle, error) {
	h, err := openHandle(dir)
	if err != nil {
		return nil, err
	}
	h.(*descriptor).step = true
	return h, nil
}
