package spec

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/value"
)

// maxConfig is the most bytes that a file of settings may have.
const maxConfig = 1 << 20

// A Setting is a key with its value and where that comes from.
type Setting struct {
	Key    string
	Value  value.Value
	Level  Level
	Origin string // "mlv.yaml:4", "MLV_JOBS", "--jobs"
	Secret bool
}

// Text returns the value as Set takes it.
func (s Setting) Text() string {
	switch s.Value.Kind() {
	case value.String:
		return s.Value.Text()
	case value.List:
		var words []string
		for _, item := range s.Value.Items() {
			words = append(words, item.Text())
		}
		return strings.Join(words, ",")
	}
	return s.Value.String()
}

// ConfigOptions are what settings come from, each of which may be absent.
type ConfigOptions struct {
	Flags   map[string]string // by key
	Environ []string          // "MLV_JOBS=4"
	Local   *value.Document   // .mlv/config.yaml
	User    *value.Document
	Project *value.Document // mlv.yaml of the project's root
}

// A Config is the settings of all levels.
type Config struct {
	settings map[string]Setting
	user     *value.Document
	trusted  string // MLV_TRUST_REMOTE
}

// ParseConfig reads a file of settings; name is for messages.
func ParseConfig(name string, b []byte) (*value.Document, error) {
	if len(b) > maxConfig {
		return nil, tooLarge(name, maxConfig)
	}
	return value.ParseYAML(name, b)
}

// NewConfig lays the levels over one another.
func NewConfig(opt ConfigOptions) (*Config, error) {
	c := &Config{settings: map[string]Setting{}, user: opt.User}
	levels := []struct {
		level Level
		doc   *value.Document
	}{{AtProject, opt.Project}, {AtUser, opt.User}, {AtLocal, opt.Local}}
	for _, l := range levels {
		if l.doc == nil {
			continue
		}
		list, problems := readSettings(l.doc, l.level)
		if len(problems) > 0 {
			return nil, problems[0]
		}
		for _, s := range list {
			c.settings[s.Key] = s
		}
	}
	if err := c.environment(opt.Environ); err != nil {
		return nil, err
	}
	for name, text := range opt.Flags {
		if err := c.put(name, text, AtFlag, "--"+name); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Config) put(name, text string, level Level, origin string) error {
	k, err := findKey(name)
	if err != nil {
		return err
	}
	v, err := k.parse(text)
	if err != nil {
		return errs.At(errs.Usage, origin, "", "%w", err)
	}
	c.settings[name] = Setting{Key: name, Value: v, Level: level, Origin: origin, Secret: k.Secret}
	return nil
}

// environment reads the variables of all keys. A remote that is known only
// from there has a name of small letters.
func (c *Config) environment(environ []string) error {
	names := map[string]string{} // variable → key
	for _, remote := range c.remoteNames() {
		for _, k := range keys {
			name := strings.Replace(k.Name, "NAME", remote, 1)
			names[Env(name)] = name
		}
	}
	for _, k := range keys {
		if !strings.HasPrefix(k.Name, "remotes.") {
			names[Env(k.Name)] = k.Name
		}
	}
	for _, entry := range environ {
		variable, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(variable, "MLV_") || text == "" {
			continue // an empty variable is one that isn't set
		}
		if variable == "MLV_TRUST_REMOTE" {
			c.trusted = text
		}
		name, ok := names[variable]
		if !ok {
			name, ok = remoteOfEnv(variable)
		}
		if ok {
			if err := c.put(name, text, AtEnv, variable); err != nil {
				return err
			}
		}
	}
	return nil
}

// remoteOfEnv returns the key of MLV_REMOTES_<NAME>_<FIELD>.
func remoteOfEnv(variable string) (string, bool) {
	rest, ok := strings.CutPrefix(variable, "MLV_REMOTES_")
	if !ok {
		return "", false
	}
	for _, k := range keys {
		field, ok := strings.CutPrefix(k.Name, "remotes.NAME.")
		if !ok {
			continue
		}
		name, ok := strings.CutSuffix(rest, "_"+strings.ToUpper(field))
		if ok && name != "" {
			return "remotes." + strings.ToLower(name) + "." + field, true
		}
	}
	return "", false
}

// Get returns the value of a setting; one that is not set has its default. An
// unknown key is a usage error.
func (c *Config) Get(name string) (Setting, error) {
	k, err := findKey(name)
	if err != nil {
		return Setting{}, err
	}
	if s, ok := c.settings[name]; ok {
		return s, nil
	}
	s := Setting{Key: name, Level: AtDefault, Origin: AtDefault.String(), Secret: k.Secret}
	if k.Default != "" {
		s.Value, err = k.parse(k.Default)
	}
	return s, err
}

// must is Get of a key that the program itself names.
func (c *Config) must(name string) value.Value {
	s, err := c.Get(name)
	if err != nil {
		panic(err)
	}
	return s.Value
}

// Text returns a text's value, "" where none is set. The key must be in the
// table; so it must for the next three.
func (c *Config) Text(name string) string { return c.must(name).Text() }

// Bool returns a switch's value.
func (c *Config) Bool(name string) bool { return c.must(name).Bool() }

// Int returns a number's value.
func (c *Config) Int(name string) int {
	i, _ := c.must(name).Int64()
	return int(i)
}

// Words returns the items of a list.
func (c *Config) Words(name string) (words []string) {
	for _, item := range c.must(name).Items() {
		words = append(words, item.Text())
	}
	return words
}

// List returns what is set, by key.
func (c *Config) List() []Setting {
	return slices.SortedFunc(maps.Values(c.settings), func(a, b Setting) int { return cmp.Compare(a.Key, b.Key) })
}

// Set returns a file of settings with key set to text. The file is one of
// level: mlv.yaml itself for AtProject.
func Set(doc *value.Document, level Level, key, text string) (*value.Document, error) {
	k, err := findKey(key)
	if err != nil {
		return nil, err
	}
	if level == AtProject && k.Personal {
		return nil, wrongTier(key, "")
	}
	v, err := k.parse(text)
	if err != nil {
		return nil, errs.At(errs.Usage, key, "", "%w", err)
	}
	return doc.Set(settingPath(key), v)
}

// Unset returns a file of settings without key, and whether it was there.
func Unset(doc *value.Document, key string) (*value.Document, bool, error) {
	if _, err := findKey(key); err != nil {
		return nil, false, err
	}
	return doc.Unset(settingPath(key))
}

// wrongTier is the error of a personal key in mlv.yaml.
func wrongTier(key, text string) *errs.Error {
	hint := fmt.Sprintf("run 'mlv config set --local %s %s', or set %s", key, cmp.Or(text, "VALUE"), Env(key))
	return errs.New(errs.Usage, hint, "%s does not belong in mlv.yaml, where it would act on everyone who clones", key)
}

// checkSettings returns what is wrong with the settings in a file of level.
func checkSettings(doc *value.Document, level Level) []error {
	_, problems := readSettings(doc, level)
	return problems
}

// readSettings returns the settings in a file of level. In mlv.yaml it passes
// over what is none.
func readSettings(doc *value.Document, level Level) (list []Setting, problems []error) {
	d := decoder{doc: doc}
	root := doc.Root
	if root.Kind != value.Map {
		if root.Style != value.Absent {
			problems = append(problems, d.wants(root, "a map of settings"))
		}
		return nil, problems
	}
	for _, pair := range root.Pairs {
		key := pair.Key.Text
		switch {
		case isSection(key):
			l, p := settingsIn(d, level, pair, nil)
			list, problems = append(list, l...), append(problems, p...)
		case level == AtProject, level == AtUser && key == "trust":
		default:
			problems = append(problems, d.unknown(pair.Key, "setting", sections()))
		}
	}
	return list, problems
}

// settingsIn returns the settings at or below a pair, which stands below path.
func settingsIn(d decoder, level Level, pair value.Pair, path []string) (list []Setting, problems []error) {
	path = append(slices.Clip(path), pair.Key.Text)
	name := strings.Join(path, ".")
	depth := 2
	if path[0] == "remotes" {
		depth = 3
	}
	if _, err := findKey(path[0]); err == nil {
		depth = 1
	}
	if len(path) < depth {
		if pair.Value.Kind != value.Map {
			if pair.Value.Style == value.Absent {
				return nil, nil
			}
			return nil, []error{d.in(name).wants(pair.Value, "a map of settings")}
		}
		for _, sub := range pair.Value.Pairs {
			l, p := settingsIn(d, level, sub, path)
			list, problems = append(list, l...), append(problems, p...)
		}
		return list, problems
	}
	s, err := setting(d, level, pair, name)
	if err != nil {
		return nil, []error{err}
	}
	return []Setting{s}, nil
}

func setting(d decoder, level Level, pair value.Pair, name string) (Setting, error) {
	k, err := findKey(name)
	if err == nil && level == AtProject && k.Personal {
		err = wrongTier(name, "")
	}
	line, col := d.doc.Position(pair.Key.Start)
	if err != nil {
		hint := strings.Join(errs.Hints(err), "; ")
		if k.Secret { // no message may show the line
			return Setting{}, &errs.Error{Kind: errs.Usage, Path: d.doc.Name, Line: line, Col: col, Hint: hint, Err: errors.New(err.Error())}
		}
		return Setting{}, d.doc.Errorf(pair.Key, hint, "%s", err)
	}
	v, err := d.value(pair.Value)
	if err != nil {
		return Setting{}, err
	}
	if err := k.check(v); err != nil {
		if k.Secret {
			return Setting{}, &errs.Error{Kind: errs.Usage, Path: d.doc.Name, Line: line, Col: col, Err: fmt.Errorf("%s: wants text", name)}
		}
		return Setting{}, d.in(name).errorf(pair.Value, "", "%s", err)
	}
	origin := fmt.Sprintf("%s:%d", d.doc.Name, line)
	return Setting{Key: name, Value: v, Level: level, Origin: origin, Secret: k.Secret}, nil
}
