package fsx

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Limits of a Path, in bytes and components.
const (
	MaxName  = 255
	MaxPath  = 4096
	MaxDepth = 256
)

// A Path names something below a root: relative, separated by '/', already
// checked, so that joining it to a root never leads outside or into .git.
// Its bytes are otherwise any that POSIX allows; they need not be UTF-8.
// The empty Path is the root itself. Only ParsePath and the methods of Path
// make one from text that is not a constant.
type Path string

// ParsePath checks s and returns it as a Path. It cleans nothing: a path in a
// file of ours has one spelling.
func ParsePath(s string) (Path, error) {
	if s == "" {
		return "", errors.New("empty path")
	}
	if len(s) > MaxPath {
		return "", fmt.Errorf("path of %d bytes, more than %d", len(s), MaxPath)
	}
	depth := 0
	for rest, more := s, true; more; depth++ {
		var name string
		name, rest, more = strings.Cut(rest, "/")
		if err := checkName(name); err != nil {
			return "", fmt.Errorf("path %q: %w", s, err)
		}
	}
	if depth > MaxDepth {
		return "", fmt.Errorf("path of %d components, more than %d", depth, MaxDepth)
	}
	return Path(s), nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("empty component")
	case name == "." || name == "..":
		return fmt.Errorf("component %q", name)
	case len(name) > MaxName:
		return fmt.Errorf("component of %d bytes, more than %d", len(name), MaxName)
	case strings.IndexByte(name, 0) >= 0:
		return errors.New("NUL byte")
	case aliasOfGit(name):
		return fmt.Errorf("component %q can be another name of .git", name)
	}
	return nil
}

// String returns the path, "." for the root.
func (p Path) String() string {
	if p == "" {
		return "."
	}
	return string(p)
}

// Join returns the path of q below p.
func (p Path) Join(q Path) Path {
	switch {
	case p == "":
		return q
	case q == "":
		return p
	}
	return p + "/" + q
}

// Base returns the last component.
func (p Path) Base() string { return string(p[strings.LastIndexByte(string(p), '/')+1:]) }

// Dir returns the path without its last component; that of one component is
// the root.
func (p Path) Dir() Path { return p[:max(strings.LastIndexByte(string(p), '/'), 0)] }

// Under tells whether p is dir or lies below it.
func (p Path) Under(dir Path) bool {
	return dir == "" || p == dir || len(p) > len(dir) && p[len(dir)] == '/' && p[:len(dir)] == dir
}

// Rel returns p as seen from dir, under which it must lie.
func (p Path) Rel(dir Path) Path {
	if dir == "" {
		return p
	}
	return Path(strings.TrimPrefix(string(p[len(dir):]), "/"))
}

// Child returns the path of the entry of that name in the folder p, which
// may come from anywhere: it is checked.
func (p Path) Child(name string) (Path, error) {
	if name == "" || strings.IndexByte(name, '/') >= 0 {
		return "", fmt.Errorf("name %q is not one component", name)
	}
	return ParsePath(string(p.Join(Path(name))))
}

// osPath returns p below dir as the system spells it.
func osPath(dir string, p Path) string { return filepath.Join(dir, filepath.FromSlash(string(p))) }
