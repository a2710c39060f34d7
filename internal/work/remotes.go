package work

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/value"
)

// AddRemoteOptions say what AddRemote writes.
type AddRemoteOptions struct {
	Name, URL string
	Dir       string     // the user's folder, from which a relative URL starts
	Level     spec.Level // the file it stands in
	Default   bool
	Force     bool     // replace a remote of that name
	Set       []string // "region=eu-west-1"
}

// AddRemote writes a remote and records that the project's data may go there:
// who names a place agrees to it. The first remote becomes the default.
func (s *Settings) AddRemote(opt AddRemoteOptions) (spec.Remote, error) {
	r := spec.Remote{Name: opt.Name, Level: opt.Level}
	doc, err := s.doc(opt.Level)
	if err != nil {
		return r, err
	}
	known := s.Config.Remotes()
	if !opt.Force && slices.ContainsFunc(known, func(r spec.Remote) bool { return r.Name == opt.Name }) {
		return r, errs.New(errs.Usage, "pass --force to replace it", "a remote named %q exists", opt.Name)
	}
	if r.URL, err = s.remoteURL(opt.Dir, opt.URL); err != nil {
		return r, err
	}
	values := append([]string{"url=" + r.URL}, opt.Set...)
	if r.Default = opt.Default || len(known) == 0; r.Default {
		values = append(values, "default=true")
		if doc, err = noDefault(doc); err != nil {
			return r, err
		}
	}
	for _, pair := range values {
		field, text, ok := strings.Cut(pair, "=")
		if !ok {
			return r, errs.New(errs.Usage, "write --set KEY=VALUE", "%q has no value", pair)
		}
		if doc, err = spec.Set(doc, opt.Level, remoteKey(opt.Name, field), text); err != nil {
			return r, err
		}
	}
	if err := s.write(opt.Level, doc); err != nil {
		return r, err
	}
	if opt.Level == spec.AtUser {
		return r, nil // known to the user alone; each project asks
	}
	return r, s.trust(r.URL, true)
}

func remoteKey(name, field string) string { return "remotes." + name + "." + field }

// remoteURL returns url as the project's files say it: a folder given relative
// to dir becomes relative to the project's.
func (s *Settings) remoteURL(dir, url string) (string, error) {
	if strings.Contains(url, "://") || filepath.IsAbs(url) || url == "" || s.Dir == "" {
		return url, nil
	}
	abs, err := filepath.Abs(filepath.Join(dir, url))
	if err != nil {
		return "", err
	}
	from, err := filepath.Abs(s.Dir)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(real, filepath.Base(abs))
	}
	rel, err := filepath.Rel(from, abs)
	if err != nil {
		return filepath.ToSlash(abs), nil //nolint:nilerr // another drive: only the absolute path names it
	}
	return filepath.ToSlash(rel), nil
}

// noDefault returns doc without any remote marked as the default.
func noDefault(doc *value.Document) (*value.Document, error) {
	remotes := doc.Root.Get("remotes")
	if remotes == nil {
		return doc, nil
	}
	var err error
	for _, pair := range remotes.Pairs {
		if pair.Value.Get("default") == nil {
			continue
		}
		if doc, _, err = doc.Unset([]string{"remotes", pair.Key.Text, "default"}); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// DefaultRemote returns the remote that is used where none is named.
func (s *Settings) DefaultRemote() (spec.Remote, bool) {
	list := s.Config.Remotes()
	i := slices.IndexFunc(list, func(r spec.Remote) bool { return r.Default })
	if i < 0 {
		return spec.Remote{}, false
	}
	return list[i], true
}

// SetDefaultRemote makes a remote the default in the file of a level.
func (s *Settings) SetDefaultRemote(level spec.Level, name string) (spec.Remote, error) {
	r, err := s.Config.Remote(name)
	if err != nil {
		return r, err
	}
	doc, err := s.doc(level)
	if err != nil {
		return r, err
	}
	if doc, err = noDefault(doc); err != nil {
		return r, err
	}
	if doc, err = spec.Set(doc, level, remoteKey(name, "default"), "true"); err != nil {
		return r, err
	}
	r.Default = true
	return r, s.write(level, doc)
}

// SetRemote gives a setting of a remote that exists a value.
func (s *Settings) SetRemote(level spec.Level, dir, name, field, text string) error {
	if _, err := s.Config.Remote(name); err != nil {
		return err
	}
	if field == "url" {
		url, err := s.remoteURL(dir, text)
		if err != nil {
			return err
		}
		text = url
	}
	return s.Set(level, remoteKey(name, field), text)
}

// UnsetRemote takes a setting of a remote that exists away, and tells whether
// it was there.
func (s *Settings) UnsetRemote(level spec.Level, name, field string) (bool, error) {
	if _, err := s.Config.Remote(name); err != nil {
		return false, err
	}
	return s.Unset(level, remoteKey(name, field))
}

// RenameRemote renames a remote wherever it is configured.
func (s *Settings) RenameRemote(from, to string) error {
	if _, err := s.Config.Remote(from); err != nil {
		return err
	}
	if _, err := s.Config.Remote(to); err == nil {
		return errs.New(errs.Usage, "choose another name, or remove it first", "a remote named %q exists", to)
	}
	if _, err := s.Config.Get(remoteKey(to, "url")); err != nil {
		return err
	}
	return s.everywhere(from, func(doc *value.Document, fields value.Value) (*value.Document, error) {
		return doc.Set([]string{"remotes", to}, fields)
	})
}

// RemoveRemote takes a remote away wherever it is configured.
func (s *Settings) RemoveRemote(name string) error {
	if _, err := s.Config.Remote(name); err != nil {
		return err
	}
	return s.everywhere(name, func(doc *value.Document, _ value.Value) (*value.Document, error) { return doc, nil })
}

// everywhere takes a remote out of each file that has it, once change has put
// its settings where they belong.
func (s *Settings) everywhere(name string, change func(*value.Document, value.Value) (*value.Document, error)) error {
	for _, level := range []spec.Level{spec.AtProject, spec.AtUser, spec.AtLocal} {
		doc := s.files[level].doc
		if doc == nil || doc.Root.Get("remotes").Get(name) == nil {
			continue
		}
		fields, err := doc.Value(doc.Root.Get("remotes").Get(name))
		if err != nil {
			return err
		}
		if doc, err = change(doc, fields); err != nil {
			return err
		}
		if doc, _, err = doc.Unset([]string{"remotes", name}); err != nil {
			return err
		}
		if err := s.write(level, doc); err != nil {
			return err
		}
	}
	return nil
}

// TrustRemote records that the project's data may go to a remote, or takes
// that back; "" is the default remote.
func (s *Settings) TrustRemote(name string, yes bool) (spec.Remote, error) {
	r, err := s.Config.Remote(name)
	if err != nil {
		return r, err
	}
	return r, s.trust(r.URL, yes)
}

func (s *Settings) trust(url string, yes bool) error {
	project, err := s.project()
	if err != nil {
		return err
	}
	user, err := s.doc(spec.AtUser)
	if err != nil {
		return fmt.Errorf("record the trust: %w", err)
	}
	if yes {
		user, err = spec.Trust(user, project, url)
	} else {
		user, _, err = spec.Distrust(user, project, url)
	}
	if err != nil {
		return err
	}
	return s.write(spec.AtUser, user)
}
