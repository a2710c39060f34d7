package spec

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/value"
)

func document(t *testing.T, name, text string) *value.Document {
	t.Helper()
	d, err := ParseConfig(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestHigherLevelsWin(t *testing.T) {
	opt := ConfigOptions{
		Project: document(t, FileName, "version: 1\nstages: {}\njobs: 1\ncache: {small: loose, type: [copy]}\nrepro: {jobs: 2}\nremotes:\n  origin: {url: s3://b/p, default: true}\n"),
		User:    document(t, "~/.config/mlv/config.yaml", "jobs: 2\ncache: {small: packed}\nrepro: {jobs: 3}\ntrust: {P: [s3://b/p]}\n"),
		Local:   document(t, ".mlv/config.yaml", "jobs: 3\nrepro:\n  jobs: 4\nremotes: {origin: {token: secret}}\n"),
		Environ: []string{"MLV_JOBS=4", "MLV_REPRO_JOBS=5", "MLV_REMOTES_ORIGIN_REGION=eu", "MLV_REMOTES_BACK_UP_URL=/srv", "HOME=/root", "MLV_STAGE=x"},
		Flags:   map[string]string{"jobs": "5"},
	}
	c, err := NewConfig(opt)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range c.List() {
		text := s.Text()
		if s.Secret {
			text = "(secret)"
		}
		got = append(got, s.Key+" = "+text+" @ "+s.Origin+" ("+s.Level.String()+")")
	}
	if diff := cmp.Diff([]string{
		"cache.small = packed @ ~/.config/mlv/config.yaml:2 (user)",
		"cache.type = copy @ mlv.yaml:4 (project)",
		"jobs = 5 @ --jobs (flag)",
		"remotes.back_up.url = /srv @ MLV_REMOTES_BACK_UP_URL (environment)",
		"remotes.origin.default = true @ mlv.yaml:7 (project)",
		"remotes.origin.region = eu @ MLV_REMOTES_ORIGIN_REGION (environment)",
		"remotes.origin.token = (secret) @ .mlv/config.yaml:4 (local)",
		"remotes.origin.url = s3://b/p @ mlv.yaml:7 (project)",
		"repro.jobs = 5 @ MLV_REPRO_JOBS (environment)",
	}, got); diff != "" {
		t.Error(diff)
	}
	if c.Int("jobs") != 5 || c.Bool("git.stage") || !slices.Equal(c.Words("cache.type"), []string{"copy"}) || c.Text("cache.dir") != "" {
		t.Error("typed getters")
	}
	empty, err := NewConfig(ConfigOptions{})
	if err != nil || empty.Int("repro.jobs") != 1 || !slices.Equal(empty.Words("cache.type"), []string{"reflink", "copy"}) || empty.Text("cache.small") != "packed" {
		t.Errorf("defaults: %v", err)
	}
}

func TestEveryKeyHasAVariableOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, k := range Keys() {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s is not explained", k.Name)
		}
		if other, ok := seen[Env(k.Name)]; ok {
			t.Errorf("%s and %s share %s", k.Name, other, Env(k.Name))
		}
		seen[Env(k.Name)] = k.Name
		if k.Default != "" {
			if _, err := k.parse(k.Default); err != nil {
				t.Errorf("%s: default: %v", k.Name, err)
			}
		}
		if k.Secret && !k.Personal {
			t.Errorf("%s is secret, but may stand in mlv.yaml", k.Name)
		}
	}
	if !slices.IsSortedFunc(keys[:], func(a, b Key) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the table is not sorted")
	}
}

func TestPersonalKeysAreRefusedInMlvYaml(t *testing.T) {
	n := 0
	for _, k := range Keys() {
		if !k.Personal {
			continue
		}
		n++
		name := strings.Replace(k.Name, "NAME", "origin", 1)
		text := map[value.Kind]string{value.String: "hush", value.Bool: "false"}[k.Kind]
		doc, err := document(t, FileName, "").Set(strings.Split(name, "."), value.OfString("hush"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = NewConfig(ConfigOptions{Project: doc})
		if err == nil || errs.KindOf(err) != errs.Usage || !strings.Contains(strings.Join(errs.Hints(err), " "), "--local "+name) {
			t.Errorf("%s: %v, hints %q", name, err, errs.Hints(err))
		}
		if k.Secret && strings.Contains(err.Error(), "hush") {
			t.Errorf("the message shows the secret: %v", err)
		}
		if _, err := Set(document(t, FileName, "version: 1\n"), AtProject, name, text); err == nil {
			t.Errorf("%s was set in mlv.yaml", name)
		}
		if _, err := Set(document(t, "config.yaml", ""), AtLocal, name, text); err != nil {
			t.Errorf("%s cannot be set for one clone: %v", name, err)
		}
	}
	if n == 0 {
		t.Error("no key is personal")
	}
}

func TestSettingsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"cach: {dir: x}\n":                      "config.yaml:1:1: unknown setting \"cach\"",
		"cache: {dri: x}\n":                     "config.yaml:1:9: unknown setting \"cache.dri\"",
		"cache: x\n":                            "config.yaml:1:8: cache: wants a map of settings, not text",
		"jobs: many\n":                          "config.yaml:1:7: jobs: wants an integer, not text",
		"jobs: -1\n":                            "jobs: wants a number from 0, not -1",
		"git: {stage: yes}\n":                   "git.stage: wants true or false, not text",
		"cache: {small: big}\n":                 "cache.small: big is not one of packed, loose",
		"cache: {type: copy}\n":                 "cache.type: wants a list, not text",
		"remotes: {a b: {url: x}}\n":            "\"a b\" is no name of a remote",
		"remotes: {origin: s3://b}\n":           "remotes.origin: wants a map of settings",
		"remotes: {o: {url: {a: b}}}\n":         "remotes.o.url: wants text, not a map",
		"remotes: {o: {password: {a: hush}}}\n": "config.yaml:1:15: remotes.o.password: wants text",
		"[a]\n":                                 "wants a map of settings, not a list",
		"trust: {P: [x]}\n":                     "unknown setting \"trust\"",
	} {
		_, err := NewConfig(ConfigOptions{Local: document(t, "config.yaml", text)})
		if err == nil || !strings.Contains(err.Error(), want) || errs.KindOf(err) != errs.Usage || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	c, _ := NewConfig(ConfigOptions{})
	_, err := c.Get("cache.tpye")
	if h := errs.Hints(err); len(h) == 0 || h[0] != `did you mean "cache.type"?` {
		t.Errorf("%v %q", err, h)
	}
	if _, err := NewConfig(ConfigOptions{Environ: []string{"MLV_JOBS=x"}}); err == nil || !strings.Contains(err.Error(), "MLV_JOBS: ") {
		t.Errorf("%v", err)
	}
}

func TestSetAndUnsetKeepTheFile(t *testing.T) {
	d := document(t, "config.yaml", "# mine\njobs: 2 # few\n")
	for _, step := range []struct{ key, text, want string }{
		{"jobs", "8", "# mine\njobs: 8 # few\n"},
		{"cache.type", "hardlink, copy", "# mine\njobs: 8 # few\ncache:\n  type: [hardlink, copy]\n"},
		{"remotes.my.store.url", "/srv/x y", "# mine\njobs: 8 # few\ncache:\n  type: [hardlink, copy]\nremotes:\n  my.store:\n    url: /srv/x y\n"},
		{"remotes.my.store.default", "true", "# mine\njobs: 8 # few\ncache:\n  type: [hardlink, copy]\nremotes:\n  my.store:\n    url: /srv/x y\n    default: true\n"},
	} {
		var err error
		if d, err = Set(d, AtLocal, step.key, step.text); err != nil || string(d.Bytes()) != step.want {
			t.Fatalf("%s: %v\n%s", step.key, err, cmp.Diff(step.want, string(d.Bytes())))
		}
		if _, err := NewConfig(ConfigOptions{Local: d}); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"remotes.my.store.url", "remotes.my.store.default", "cache.type"} {
		var ok bool
		var err error
		if d, ok, err = Unset(d, key); err != nil || !ok {
			t.Fatalf("%s: %v %v", key, ok, err)
		}
	}
	if want := "# mine\njobs: 8 # few\n"; string(d.Bytes()) != want {
		t.Error(cmp.Diff(want, string(d.Bytes())))
	}
	if _, ok, err := Unset(d, "cache.dir"); ok || err != nil {
		t.Errorf("unset of what is not set: %v %v", ok, err)
	}
	if _, err := Set(d, AtLocal, "cache.small", "big"); err == nil {
		t.Error("a wrong value was set")
	}
	if _, err := Set(d, AtLocal, "remotes.a.url", "\xdf"); err == nil {
		t.Error("text that is not UTF-8 was set")
	}
	if _, err := Set(d, AtLocal, "remotes.a/b.url", "x"); err == nil {
		t.Error("a wrong name was set")
	}
}

func TestDefaultRemote(t *testing.T) {
	config := func(project, local string) *Config {
		c, err := NewConfig(ConfigOptions{Project: document(t, FileName, project), Local: document(t, "config.yaml", local)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	two := "remotes: {a: {url: x}, b: {url: y}}\n"
	for name, c := range map[string]struct{ project, local, want string }{
		"single":          {"remotes: {a: {url: x}}\n", "", "a"},
		"named":           {"remotes: {a: {url: x}, b: {url: y, default: true}}\n", "", "b"},
		"higher level":    {"remotes: {a: {url: x}, b: {url: y, default: true}}\n", "remotes: {a: {default: true}}\n", "a"},
		"none":            {"", "", ""},
		"ambiguous":       {two, "", ""},
		"without an URL":  {"remotes: {a: {region: x}, b: {url: y}}\n", "", "b"},
		"taken back here": {"remotes: {a: {url: x, default: true}, b: {url: y}}\n", "remotes: {a: {default: false}, b: {default: true}}\n", "b"},
	} {
		r, err := config(c.project, c.local).Remote("")
		if r.Name != c.want || (err == nil) != (c.want != "") || err != nil && errs.KindOf(err) != errs.Usage {
			t.Errorf("%s: %q, %v", name, r.Name, err)
		}
	}
	_, err := config("remotes: {origin: {url: x}}\n", "").Remote("orign")
	if h := errs.Hints(err); len(h) != 1 || h[0] != `did you mean "origin"?` {
		t.Errorf("%v %q", err, h)
	}
}

func TestTrustIsPerProjectAndURL(t *testing.T) {
	user := document(t, "config.yaml", "jobs: 2 # few\n")
	trusted := func(project, url string) bool {
		c, err := NewConfig(ConfigOptions{User: user})
		if err != nil {
			t.Fatal(err)
		}
		return c.Trusted(project, url)
	}
	for _, url := range []string{"s3://b/p/", "file:///srv/a b"} {
		var err error
		if user, err = Trust(user, "P", url); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Trust(user, "P", "s3://b/p")
	if want := "jobs: 2 # few\ntrust:\n  P: [s3://b/p, file:///srv/a b]\n"; err != nil || string(again.Bytes()) != want {
		t.Errorf("%v: %s", err, cmp.Diff(want, string(again.Bytes())))
	}
	for _, c := range []struct {
		project, url string
		want         bool
	}{{"P", "s3://b/p", true}, {"P", "s3://b/p/", true}, {"P", "s3://b/p/q", false}, {"Q", "s3://b/p", false}, {"P", "file:///srv/a b", true}, {"", "", false}} {
		if got := trusted(c.project, c.url); got != c.want {
			t.Errorf("%s to %s: %v", c.project, c.url, got)
		}
	}
	user, ok, err := Distrust(user, "P", "s3://b/p/")
	if err != nil || !ok || trusted("P", "s3://b/p") || !trusted("P", "file:///srv/a b") {
		t.Errorf("revoke: %v %v\n%s", ok, err, user.Bytes())
	}
	project := document(t, FileName, "trust: {P: [s3://evil]}\n")
	c, err := NewConfig(ConfigOptions{Project: project, Environ: []string{"MLV_TRUST_REMOTE=s3://one s3://two/"}})
	if err != nil || c.Trusted("P", "s3://evil") || !c.Trusted("P", "s3://two") || c.Trusted("P", "s3://on") {
		t.Errorf("the repository's word counts, or the environment's does not: %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("jobs: 1\nremotes: {o: {url: x, token: y}}\n"), "remotes.o.url", "z")
	f.Add([]byte("cache:\n  type: [copy]\n"), "cache.type", "reflink,copy")
	f.Fuzz(func(t *testing.T, b []byte, key, text string) {
		d, err := ParseConfig("config.yaml", b)
		if err != nil {
			return
		}
		if _, err := NewConfig(ConfigOptions{Local: d}); err != nil {
			return
		}
		set, err := Set(d, AtLocal, key, text)
		if err != nil {
			return
		}
		c, err := NewConfig(ConfigOptions{Local: set})
		if err != nil {
			t.Fatalf("%q with %s = %q became %q: %v", b, key, text, set.Bytes(), err)
		}
		k, _ := findKey(key)
		want, _ := k.parse(text)
		if s, err := c.Get(key); err != nil || !s.Value.Equal(want) {
			t.Fatalf("%q with %s = %q became %q, which says %v", b, key, text, set.Bytes(), s)
		}
	})
}
