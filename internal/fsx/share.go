package fsx

import "os"

// Share makes the Root one that a group writes to, if its folder is such a
// one (group-writable, and passing its group on by the set-group-ID bit): the
// group gets its owner's rights to the folders and locks that are made below
// it from now on, whatever the umask. It is called before the Root is used.
func (r *Root) Share() error {
	shared, err := isShared(r.top)
	r.shared = shared
	return r.fail("stat", "", err)
}

// shareFolder gives the group the owner's rights to a folder just made.
func (r *Root) shareFolder(h handle) error {
	if !r.shared {
		return nil
	}
	return openToGroup(h)
}

// shareLock lets the group open the file of a lock, if it is ours to say so.
func (r *Root) shareLock(f *os.File) {
	if !r.shared {
		return
	}
	if st, err := statFile(f); err == nil && st.Perm&0o020 == 0 {
		_ = f.Chmod(st.Perm | 0o060) // else its maker did it, or nobody can
	}
}
