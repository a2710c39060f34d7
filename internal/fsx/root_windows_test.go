package fsx

func openStepwise(dir string) (handle, error) { return openPortable(dir) }
