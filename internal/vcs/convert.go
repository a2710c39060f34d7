package vcs

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// attributeFiles returns the rules that can concern p, the lowest in rank
// first: the user's, then each folder's down to p, then the repository's.
func (r *Repo) attributeFiles(c *conversion, p fsx.Path) ([]attributes, error) {
	var files []attributes
	for _, name := range c.attributesFiles {
		if b, err := os.ReadFile(name); err == nil {
			files = append(files, parseAttributes("", b))
		}
	}
	folders := []string{""}
	for i, b := range []byte(p) {
		if b == '/' {
			folders = append(folders, string(p[:i+1]))
		}
	}
	for _, folder := range folders {
		a, err := r.folderAttributes(c, folder)
		if err != nil {
			return nil, err
		}
		files = append(files, a)
	}
	if b, err := os.ReadFile(filepath.Join(r.common, "info", "attributes")); err == nil {
		files = append(files, parseAttributes("", b))
	}
	return files, nil
}

// folderAttributes reads a folder's .gitattributes, once.
func (r *Repo) folderAttributes(c *conversion, folder string) (attributes, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if have, ok := c.folders[folder]; ok {
		return have, nil
	}
	b, err := os.ReadFile(filepath.Join(r.top, filepath.FromSlash(folder), ".gitattributes"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return attributes{}, err
	}
	a := parseAttributes(folder, b)
	c.folders[folder] = a
	return a, nil
}

// conversion is the configuration that Clean depends on.
type conversion struct {
	autocrlf        bool // or input: both store LF
	filemode        bool // the file system has executable bits
	ctime           bool // the time of the last change can be trusted
	fold            bool // names that differ in case are one
	attributesFiles []string
	filters         map[string]bool
	folders         map[string]attributes
}

// conversion reads the configuration once: of the machine, the user and the
// repository. Where it includes other files, or is not where git's manual says,
// git is asked for the whole.
func (r *Repo) conversion(ctx context.Context) (*conversion, error) {
	r.mu.Lock()
	have := r.rules
	r.mu.Unlock()
	if have != nil {
		return have, nil
	}
	c := &conversion{
		filemode: true, ctime: runtime.GOOS != "windows",
		filters: map[string]bool{}, folders: map[string]attributes{},
	}
	settings, err := r.settings(ctx)
	if err != nil {
		return nil, err
	}
	own := userFile(r.options.Getenv, "attributes")
	for _, s := range settings {
		switch filter := strings.TrimPrefix(s.name, "filter."); {
		case s.name == "core.autocrlf":
			c.autocrlf = s.bool() || strings.EqualFold(s.value, "input")
		case s.name == "core.filemode":
			c.filemode = s.bool()
		case s.name == "core.trustctime":
			c.ctime = c.ctime && s.bool()
		case s.name == "core.checkstat":
			c.ctime = c.ctime && !strings.EqualFold(s.value, "minimal")
		case s.name == "core.ignorecase":
			c.fold = s.bool()
		case s.name == "core.attributesfile":
			own = expandHome(s.value, r.options.Getenv)
		case filter != s.name:
			name, key, _ := cutLast(filter, ".")
			if key == "clean" || key == "process" || key == "required" {
				c.filters[name] = true
			}
		}
	}
	if r.options.Getenv("GIT_ATTR_NOSYSTEM") == "" && r.options.Getenv("GIT_CONFIG_NOSYSTEM") == "" {
		c.attributesFiles = append(c.attributesFiles, "/etc/gitattributes")
	}
	if own != "" {
		c.attributesFiles = append(c.attributesFiles, own)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rules = c
	return c, nil
}

// settings returns the whole configuration, the strongest last.
func (r *Repo) settings(ctx context.Context) ([]setting, error) {
	getenv := r.options.Getenv
	var all []setting
	// Elsewhere than on Linux git is built to look in other places, too.
	incomplete := runtime.GOOS != "linux" || getenv("GIT_CONFIG_COUNT") != "" || getenv("GIT_CONFIG_PARAMETERS") != ""
	for _, name := range r.configFiles() {
		settings, err := readSettings(name)
		if err != nil {
			incomplete = incomplete || !errors.Is(err, fs.ErrNotExist)
			continue
		}
		for _, s := range settings {
			incomplete = incomplete || strings.HasPrefix(s.name, "include.") || strings.HasPrefix(s.name, "includeif.")
		}
		all = append(all, settings...)
	}
	if incomplete && r.program != nil {
		return r.program.settings(ctx)
	}
	return all, nil
}

// configFiles lists the files of the configuration, the strongest last.
func (r *Repo) configFiles() []string {
	getenv := r.options.Getenv
	var names []string
	if system := getenv("GIT_CONFIG_SYSTEM"); system != "" {
		names = append(names, system)
	} else if getenv("GIT_CONFIG_NOSYSTEM") == "" {
		names = append(names, "/etc/gitconfig")
	}
	if global := getenv("GIT_CONFIG_GLOBAL"); global != "" {
		names = append(names, global)
	} else {
		if name := userFile(getenv, "config"); name != "" {
			names = append(names, name)
		}
		if home := homeDir(getenv); home != "" {
			names = append(names, filepath.Join(home, ".gitconfig"))
		}
	}
	return append(names, filepath.Join(r.common, "config"), filepath.Join(r.dir, "config.worktree"))
}

// settings has git list its configuration.
func (p *program) settings(ctx context.Context) ([]setting, error) {
	out, err := p.run(ctx, nil, "config", "--list", "-z")
	if err != nil {
		return nil, err
	}
	var all []setting
	for entry := range bytes.SplitSeq(out, []byte{0}) {
		if len(entry) == 0 {
			continue
		}
		name, value, assigned := strings.Cut(string(entry), "\n")
		all = append(all, setting{name, value, !assigned})
	}
	return all, nil
}

// userFile returns the file of that name among the user's files for git.
func userFile(getenv func(string) string, name string) string {
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "git", name)
	}
	if home := homeDir(getenv); home != "" {
		return filepath.Join(home, ".config", "git", name)
	}
	return ""
}

func homeDir(getenv func(string) string) string {
	if home := getenv("HOME"); home != "" {
		return home
	}
	return getenv("USERPROFILE")
}

func expandHome(name string, getenv func(string) string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		return filepath.Join(homeDir(getenv), filepath.FromSlash(rest))
	}
	return name
}

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
