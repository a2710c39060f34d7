package remote

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
)

// Options says how a remote's URL is to be understood.
type Options struct {
	Dir     string // the folder, as the system spells it, that a relative path starts from
	Project string // the project's ID, under which it has its objects; empty: the URL's own place
	Mem     *Mem   // what the URL "mem:" means; nil: nothing
}

// A location is a URL taken apart.
type location struct {
	Options
	url, scheme, path string
}

// A driver opens the locations of one scheme. It makes no request: a remote
// that can't be reached is found by the first.
type driver struct {
	scheme string
	open   func(location) (Bucket, error)
}

var drivers []driver

func register(d driver) bool {
	drivers = append(drivers, d)
	return true
}

// Open returns the Bucket behind a URL, with retries: "file:///mnt/data", a
// plain path, or another scheme that has a driver. No request is made.
func Open(ctx context.Context, rawURL string, o Options) (Bucket, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	loc := location{Options: o, url: rawURL, scheme: "file", path: rawURL}
	if scheme, rest, ok := strings.Cut(rawURL, ":"); ok && isScheme(scheme) {
		loc.scheme, loc.path = scheme, rest
	}
	if rest, ok := strings.CutPrefix(loc.path, "//"); ok && loc.scheme == "file" && loc.path != rawURL {
		path, err := url.PathUnescape(strings.TrimPrefix(rest, "localhost"))
		if err != nil || !strings.HasPrefix(path, "/") {
			return nil, errs.New(errs.Usage, "write file:///path, or the path alone", "remote %q names no folder of this machine", rawURL)
		}
		loc.path = path
	}
	i := slices.IndexFunc(drivers, func(d driver) bool { return d.scheme == loc.scheme })
	if i < 0 {
		return nil, unknown(loc)
	}
	b, err := drivers[i].open(loc)
	if err != nil {
		return nil, err
	}
	return Retry(b), nil
}

// isScheme tells a scheme from the drive letter of a Windows path and from a
// path with a colon in it.
func isScheme(s string) bool {
	return len(s) > 1 && 'a' <= s[0] && s[0] <= 'z' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+.-") == ""
}

func unknown(loc location) error {
	var names []string
	for _, d := range drivers {
		if d.scheme != "mem" {
			names = append(names, d.scheme)
		}
	}
	slices.Sort(names)
	return errs.New(errs.Usage, "", "remote %q: no driver for scheme %q; there are: %s", loc.url, loc.scheme, strings.Join(names, ", "))
}
