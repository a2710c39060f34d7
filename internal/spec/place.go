package spec

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// A Place is a path that a stage names.
type Place struct {
	Path string // from the stage's working folder, cleaned: its spelling in the lock
	Full string // from the project's folder; may begin with "../"
}

// resolvePath cleans text, a path as seen from the folder from, which lies in
// the project. It may lead up to above folders out of the project.
func resolvePath(from fsx.Path, text string, above int) (Place, error) {
	switch {
	case text == "":
		return Place{}, errors.New("empty path")
	case strings.Contains(text, "://"):
		return Place{}, fmt.Errorf("%q: URLs are not supported by this version of mlv", text)
	case strings.HasPrefix(text, "/"):
		return Place{}, fmt.Errorf("%q: absolute paths are not supported by this version of mlv", text)
	}
	full := path.Join(string(from), text)
	inside, ups := full, 0
	for inside == ".." || strings.HasPrefix(inside, "../") {
		inside = strings.TrimPrefix(inside[2:], "/")
		ups++
	}
	if ups > above {
		return Place{}, fmt.Errorf("%q lies outside the repository", text)
	}
	if full == "." {
		return Place{}, fmt.Errorf("%q is the project's own folder", text)
	}
	if inside != "" {
		if _, err := fsx.ParsePath(inside); err != nil {
			return Place{}, err
		}
	}
	return Place{Path: relative(string(from), full), Full: full}, nil
}

// relative returns full as seen from the folder from; both are clean and as
// seen from the same place.
func relative(from, full string) string {
	for from != "" {
		first, rest, _ := strings.Cut(from, "/")
		head, tail, more := strings.Cut(full, "/")
		if first != head || !more && rest != "" {
			break
		}
		if from, full = rest, tail; full == "" && from == "" {
			return "."
		}
	}
	if from == "" {
		return full
	}
	up := strings.Repeat("../", strings.Count(from, "/")+1)
	if full == "" {
		return strings.TrimSuffix(up, "/")
	}
	return up + full
}

// ResolveLock returns what a path in a lock's entry names, from the project's
// folder. The lock stands in dir. It fails for one that leaves the project.
func ResolveLock(dir fsx.Path, wdir, p string) (fsx.Path, error) {
	full := path.Join(string(dir), wdir, p)
	if path.IsAbs(p) || path.IsAbs(wdir) {
		return "", fmt.Errorf("path %q is absolute", p)
	}
	at, err := fsx.ParsePath(full)
	if err == nil && at.Private() {
		err = fmt.Errorf("path %q leads into .mlv", p)
	}
	return at, err
}
