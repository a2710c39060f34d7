package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/value"
)

// A Remote is a place that data are pushed to and fetched from.
type Remote struct {
	Name    string
	URL     string
	Default bool
	Level   Level // where its URL stands
}

// remoteNames returns the names of all remotes of which something is set.
func (c *Config) remoteNames() (names []string) {
	for key := range c.settings {
		if path := settingPath(key); path[0] == "remotes" && !slices.Contains(names, path[1]) {
			names = append(names, path[1])
		}
	}
	slices.Sort(names)
	return names
}

// Remotes returns the remotes that have a URL, by name. The default is the one
// that the highest level names; else a single remote is the default.
func (c *Config) Remotes() (list []Remote) {
	at, level := -1, AtDefault
	for _, name := range c.remoteNames() {
		url, ok := c.settings["remotes."+name+".url"]
		if !ok {
			continue
		}
		if d, ok := c.settings["remotes."+name+".default"]; ok && d.Value.Bool() && d.Level > level {
			at, level = len(list), d.Level
		}
		list = append(list, Remote{Name: name, URL: url.Value.Text(), Level: url.Level})
	}
	if at < 0 && len(list) == 1 {
		at = 0
	}
	if at >= 0 {
		list[at].Default = true
	}
	return list
}

// Remote returns the remote of a name, the default one for "".
func (c *Config) Remote(name string) (Remote, error) {
	list := c.Remotes()
	var names []string
	for _, r := range list {
		if name == "" && r.Default || name != "" && r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	switch {
	case len(list) == 0:
		return Remote{}, errs.New(errs.Usage, "run 'mlv remote add NAME URL'", "no remote is configured")
	case name == "":
		return Remote{}, &errs.Error{
			Kind: errs.Usage, Candidates: names, Hint: "name one with --remote, or run 'mlv remote default NAME'",
			Err: fmt.Errorf("%d remotes, and none is the default", len(list)),
		}
	}
	e := errs.New(errs.Usage, "remotes are "+strings.Join(names, ", "), "no remote is named %q", name)
	if e.Candidates = errs.Nearest(name, names); len(e.Candidates) > 0 {
		e.Hint = fmt.Sprintf("did you mean %q?", e.Candidates[0])
	}
	return Remote{}, e
}

// RemoteText returns a setting of a remote, as "region"; "" if it is not set.
func (c *Config) RemoteText(remote, field string) string {
	s, err := c.Get("remotes." + remote + "." + field)
	if err != nil {
		return ""
	}
	return s.Value.Text()
}

// Trusted tells whether the user agreed that data of a project go to a URL.
// The record stands in the user's settings, so that nothing in a repository
// can make it; MLV_TRUST_REMOTE holds further URLs, split by blanks, for CI.
func (c *Config) Trusted(project, url string) bool {
	url = strings.TrimRight(url, "/")
	for agreed := range strings.FieldsSeq(c.trusted) {
		if strings.TrimRight(agreed, "/") == url {
			return true
		}
	}
	if c.user == nil {
		return false
	}
	list := c.user.Root.Get("trust").Get(project)
	if list == nil {
		return false
	}
	return slices.ContainsFunc(list.Items, func(n *value.Node) bool { return n.Text == url })
}

// Trust returns the user's settings with the record that data of a project may
// go to a URL.
func Trust(user *value.Document, project, url string) (*value.Document, error) {
	c := Config{user: user}
	if c.Trusted(project, url) {
		return user, nil
	}
	return user.Append([]string{"trust", project}, value.OfString(strings.TrimRight(url, "/")))
}

// Distrust returns the user's settings without that record, and whether there
// was one.
func Distrust(user *value.Document, project, url string) (*value.Document, bool, error) {
	return user.RemoveItem([]string{"trust", project}, value.OfString(strings.TrimRight(url, "/")))
}
