package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/value"
)

// Level is where a setting stands. A higher level wins.
type Level uint8

// The levels of configuration.
const (
	AtDefault Level = iota
	AtProject       // mlv.yaml: everyone who clones the repository gets it
	AtUser          // the user's config.yaml, for all projects
	AtLocal         // .mlv/config.yaml: this clone
	AtEnv           // MLV_SECTION_KEY
	AtFlag
)

func (l Level) String() string {
	return [...]string{"default", "project", "user", "local", "environment", "flag"}[l]
}

// A Key is one row of the table of settings.
type Key struct {
	Name     string     // "cache.dir"; NAME stands for a name of the user's
	Kind     value.Kind // String, Bool, Int or List
	Words    []string   // what a text or an item may be; nil: anything
	Default  string
	Personal bool // never in mlv.yaml: it would act on whoever clones
	Secret   bool // never shown
	Doc      string
}

// keys is the only list of settings: files, the environment, help and
// completion are checked against it or made from it.
var keys = [...]Key{
	{Name: "cache.dir", Kind: value.String, Personal: true, Doc: "Folder of the cache, from the project's folder; .mlv/cache if not set."},
	{Name: "cache.small", Kind: value.String, Words: []string{"packed", "loose"}, Default: "packed", Doc: "How files under 64 KiB are kept."},
	{Name: "cache.type", Kind: value.List, Words: []string{"reflink", "hardlink", "symlink", "copy"}, Default: "reflink,copy", Doc: "How files come out of the cache: the first of these that works."},
	{Name: "git.stage", Kind: value.Bool, Default: "false", Doc: "Add the files that mlv writes to git's index."},
	{Name: "jobs", Kind: value.Int, Default: "0", Doc: "Transfers at once; 0: chosen by mlv."},
	{Name: "remotes.NAME.access_key_id", Kind: value.String, Personal: true, Doc: "Name of the access key."},
	{Name: "remotes.NAME.credential_command", Kind: value.String, Personal: true, Doc: "Program that prints credentials."},
	{Name: "remotes.NAME.default", Kind: value.Bool, Default: "false", Doc: "Use this remote where none is named."},
	{Name: "remotes.NAME.endpoint", Kind: value.String, Doc: "Address of a service that speaks the protocol of another."},
	{Name: "remotes.NAME.password", Kind: value.String, Personal: true, Secret: true, Doc: "Password."},
	{Name: "remotes.NAME.profile", Kind: value.String, Personal: true, Doc: "Profile of the provider's own configuration."},
	{Name: "remotes.NAME.region", Kind: value.String, Doc: "Region of the bucket."},
	{Name: "remotes.NAME.secret_access_key", Kind: value.String, Personal: true, Secret: true, Doc: "Access key."},
	{Name: "remotes.NAME.session_token", Kind: value.String, Personal: true, Secret: true, Doc: "Token of a session."},
	{Name: "remotes.NAME.tls", Kind: value.Bool, Default: "true", Personal: true, Doc: "Check certificates."},
	{Name: "remotes.NAME.token", Kind: value.String, Personal: true, Secret: true, Doc: "Bearer token."},
	{Name: "remotes.NAME.url", Kind: value.String, Doc: "Where the remote is; a relative path is one from the project's folder."},
	{Name: "remotes.NAME.username", Kind: value.String, Personal: true, Doc: "User name."},
	{Name: "repro.jobs", Kind: value.Int, Default: "1", Doc: "Stages that run at once."},
}

// Keys returns the table of settings, by name.
func Keys() []Key { return slices.Clone(keys[:]) }

// Env returns the environment variable of a setting: MLV_CACHE_DIR.
func Env(name string) string {
	upper := func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}
	return "MLV_" + strings.Map(upper, strings.ToUpper(name))
}

// sections returns the first words of all keys.
func sections() (list []string) {
	for _, k := range keys {
		first, _, _ := strings.Cut(k.Name, ".")
		list = append(list, first)
	}
	return slices.Compact(list)
}

func isSection(word string) bool { return slices.Contains(sections(), word) }

// findKey returns the row of a setting; an unknown one is a usage error that
// names the nearest.
func findKey(name string) (Key, error) {
	generic, given := name, "NAME"
	if parts := strings.Split(name, "."); parts[0] == "remotes" && len(parts) > 2 {
		given = strings.Join(parts[1:len(parts)-1], ".")
		generic = "remotes.NAME." + parts[len(parts)-1]
	}
	var names []string
	for _, k := range keys {
		if k.Name == generic {
			if given != "NAME" && !isName(given) {
				return Key{}, errs.New(errs.Usage, "", "%q is no name of a remote", given)
			}
			return k, nil
		}
		names = append(names, strings.Replace(k.Name, "NAME", given, 1))
	}
	e := errs.New(errs.Usage, "run 'mlv help config' for all settings", "unknown setting %q", name)
	if e.Candidates = errs.Nearest(name, names); len(e.Candidates) > 0 {
		e.Hint = fmt.Sprintf("did you mean %q?", e.Candidates[0])
	}
	return Key{}, e
}

// settingPath returns the map keys of a setting: a remote's name is one,
// whatever dots it has.
func settingPath(name string) []string {
	parts := strings.Split(name, ".")
	if parts[0] == "remotes" && len(parts) > 3 {
		return []string{parts[0], strings.Join(parts[1:len(parts)-1], "."), parts[len(parts)-1]}
	}
	return parts
}

// check tells whether a value fits the key.
func (k Key) check(v value.Value) error {
	list := []value.Value{v}
	if k.Kind == value.List {
		if v.Kind() != value.List {
			return fmt.Errorf("wants a list, not %s", aKind(v.Kind()))
		}
		list = v.Items()
	} else if v.Kind() != k.Kind {
		return fmt.Errorf("wants %s, not %s", aKind(k.Kind), aKind(v.Kind()))
	}
	if i, ok := v.Int64(); v.Kind() == value.Int && (!ok || i < 0) {
		return fmt.Errorf("wants a number from 0, not %s", v)
	}
	for _, item := range list {
		if k.Words != nil && !slices.Contains(k.Words, item.Text()) {
			return fmt.Errorf("%s is not one of %s", item, strings.Join(k.Words, ", "))
		}
	}
	return nil
}

// parse reads a value as the environment and the command line spell it.
func (k Key) parse(text string) (value.Value, error) {
	v := value.OfString(text)
	if !utf8.ValidString(text) {
		return v, fmt.Errorf("%q is not UTF-8", text)
	}
	switch k.Kind {
	case value.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return v, fmt.Errorf("%q is not true or false", text)
		}
		v = value.OfBool(b)
	case value.Int:
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return v, fmt.Errorf("%q is not a number", text)
		}
		v = value.OfInt(i)
	case value.List:
		var items []value.Value
		for word := range strings.SplitSeq(text, ",") {
			items = append(items, value.OfString(strings.TrimSpace(word)))
		}
		v = value.OfList(items...)
	}
	return v, k.check(v)
}
