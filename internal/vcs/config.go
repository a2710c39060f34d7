package vcs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/gcfg"

	"github.com/mlv-dev/mlv/internal/errs"
)

// config is what a repository's own configuration says of its layout.
type config struct {
	bare     bool
	worktree string // core.worktree
	partial  bool   // objects may be left at the remote
	hashLen  int    // of a hash in hex
	beyond   string // the extension that go-git cannot read, if any
}

// foreign says why go-git cannot read the repository; empty: it can.
func (c config) foreign() string { return c.beyond }

// harmless are the extensions that change nothing for a reader of files.
var harmless = []string{"noop", "noop-v1", "preciousobjects", "partialclone", "worktreeconfig", "relativeworktrees", "compatobjectformat"}

// readConfig reads the configuration of the repository dir, whose objects are
// in common.
func readConfig(dir, common string) (config, error) {
	c := config{hashLen: 40}
	names := []string{filepath.Join(common, "config"), filepath.Join(dir, "config.worktree")}
	for _, name := range names {
		settings, err := readSettings(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return config{}, err
		}
		for _, s := range settings {
			c.apply(s)
		}
	}
	return c, nil
}

func (c *config) apply(s setting) {
	switch s.name {
	case "core.bare":
		c.bare = s.bool()
	case "core.worktree":
		c.worktree = s.value
	}
	if strings.HasPrefix(s.name, "remote.") && strings.HasSuffix(s.name, ".promisor") {
		c.partial = s.bool()
	}
	ext, ok := strings.CutPrefix(s.name, "extensions.")
	switch value := strings.ToLower(s.value); {
	case !ok:
	case ext == "objectformat" && value == "sha256":
		c.hashLen = 64
		c.beyond = "its object format is sha256"
	case ext == "refstorage" && value != "files":
		c.beyond = "its references are stored as " + value
	case ext == "objectformat", ext == "refstorage":
	case slices.Contains(harmless, ext):
		c.partial = c.partial || ext == "partialclone"
	default:
		c.beyond = "it uses the extension " + ext
	}
}

// A setting is one line of a configuration: section.key or section.sub.key,
// all but sub in lower case.
type setting struct {
	name  string
	value string
	bare  bool // without "=": true
}

// bool reads the value as git does; what is no boolean is false.
func (s setting) bool() bool {
	switch strings.ToLower(s.value) {
	case "true", "yes", "on", "1":
		return true
	}
	return s.bare
}

// readSettings returns the lines of a configuration file in order. It follows
// no include.
func readSettings(name string) ([]setting, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	settings, err := parseSettings(b)
	if err != nil {
		return nil, errs.At(errs.Usage, name, "", "%w", err)
	}
	return settings, nil
}

func parseSettings(b []byte) (settings []setting, err error) {
	err = gcfg.ReadWithCallback(bytes.NewReader(b), func(section, sub, key, value string, bare bool) error {
		if key == "" {
			return nil
		}
		name := strings.ToLower(section) + "."
		if sub != "" {
			name += sub + "."
		}
		settings = append(settings, setting{name + strings.ToLower(key), value, bare})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("git configuration: %w", err)
	}
	return settings, nil
}
