package fsx

import (
	"errors"
	"fmt"
	"io/fs"
)

// What becomes of a name that is given to a new file.

// A claim says what may stand at a name that is about to be given away.
type claim struct {
	noReplace bool  // nothing
	old       *Stat // if not nil: this
}

// install renames from's entry temp to name in to. Whatever it returns, temp
// is gone, unless the error says that a user's file is there.
func install(from handle, temp string, to handle, name string, c claim) error {
	var err error
	switch {
	case c.old != nil:
		return exchange(from, temp, to, name, *c.old)
	case c.noReplace:
		err = moveNew(from, temp, to, name)
	default:
		err = from.rename(temp, to, name, false)
	}
	if err != nil {
		_ = from.unlink(temp) // the first error counts
	}
	return err
}

// is tells whether t, a stat from after a rename, is of what s was of before.
func (s Stat) is(t Stat) bool {
	return s.Size == t.Size && s.Mtime == t.Mtime && s.Inode == t.Inode && s.Kind == t.Kind
}

// exchange replaces what is still old. A stat followed by a rename would lose
// what a user saves in between, so the two names change places, and what came
// out is looked at: if it isn't old it goes back.
func exchange(from handle, temp string, to handle, name string, old Stat) error {
	ours, err := from.stat(temp)
	if err != nil {
		return err
	}
	err = from.exchange(temp, to, name)
	if errors.Is(err, errors.ErrUnsupported) {
		return replaceSame(from, temp, to, name, old)
	}
	if err != nil {
		_ = from.unlink(temp) // the first error counts
		if gone(err) {
			return ErrChanged
		}
		return err
	}
	was, err := from.stat(temp)
	if err == nil && old.is(was) {
		return from.unlink(temp)
	}
	err = errors.Join(ErrChanged, err, from.exchange(temp, to, name))
	if now, err2 := from.stat(temp); err2 != nil || !ours.is(now) {
		return errors.Join(err, err2, fmt.Errorf("what stood there may be in %s", temp))
	}
	return errors.Join(err, from.unlink(temp))
}

// replaceSame is exchange where the system has none: a stat, then a rename.
func replaceSame(from handle, temp string, to handle, name string, old Stat) error {
	now, err := to.stat(name)
	if err == nil && !old.is(now) || gone(err) {
		err = ErrChanged
	}
	if err == nil {
		err = from.rename(temp, to, name, false)
	}
	if err != nil {
		_ = from.unlink(temp) // the first error counts
	}
	return err
}

// removeSame deletes name if it is still old, by moving it aside first.
func removeSame(h handle, name string, old Stat) error {
	aside := tempName()
	if err := moveNew(h, name, h, aside); err != nil {
		return err
	}
	is, err := h.stat(aside)
	if err == nil && old.is(is) {
		return h.unlink(aside)
	}
	err = errors.Join(ErrChanged, err)
	if err2 := moveNew(h, aside, h, name); err2 != nil {
		return errors.Join(err, err2, fmt.Errorf("what stood there is in %s", aside))
	}
	return err
}

// moveNew renames without replacing what stands at the new name.
func moveNew(from handle, name string, to handle, as string) error {
	err := from.rename(name, to, as, true)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return moveNewByHand(from, name, to, as)
}

// moveNewByHand does without a system call for it. A file gets its second
// name by link, which replaces nothing; where there are no links, an empty
// file claims the name first. A folder is renamed: the system lets a folder
// replace at most an empty one, so that even a race loses no byte.
func moveNewByHand(from handle, name string, to handle, as string) error {
	st, err := from.stat(name)
	if err != nil {
		return err
	}
	if st.Kind == Dir {
		if _, err := to.stat(as); err == nil {
			return fs.ErrExist
		} else if !gone(err) {
			return err
		}
		return from.rename(name, to, as, false)
	}
	err = from.link(name, to, as)
	if err == nil {
		return from.unlink(name)
	}
	if !cannot(err) {
		return err
	}
	return claimAndMove(from, name, to, as)
}

func claimAndMove(from handle, name string, to handle, as string) error {
	if _, err := to.create(as, nil, 0o600); err != nil {
		return err
	}
	err := from.rename(name, to, as, false)
	if err != nil {
		_ = to.unlink(as) // the first error counts
	}
	return err
}
