package work

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/spec"
)

const rootFile = "version: 1\nproject: 01JD0000000000000000000000 # kept\n"

// settingsIn opens the settings of a new project.
func settingsIn(t *testing.T, files map[string]string, environ ...string) *Settings {
	t.Helper()
	top := t.TempDir()
	opt := SettingsOptions{Dir: filepath.Join(top, "p", "sub"), Home: filepath.Join(top, "home"), Environ: environ}
	putFile(t, filepath.Join(top, "p", "sub", "x"), "")
	putFile(t, filepath.Join(top, "p", "mlv.yaml"), rootFile)
	for name, text := range files {
		putFile(t, filepath.Join(top, name), text)
	}
	s, err := OpenSettings(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func putFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func textOf(t *testing.T, s *Settings, level spec.Level) string {
	t.Helper()
	file := s.files[level]
	b, err := os.ReadFile(filepath.Join(file.dir, filepath.FromSlash(string(file.at))))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNearerSettingsWin(t *testing.T) {
	s := settingsIn(t, map[string]string{
		"p/mlv.yaml":         rootFile + "jobs: 1\ncache: {small: loose}\n",
		"home/config.yaml":   "jobs: 2\n",
		"p/.mlv/config.yaml": "jobs: 3\n",
	}, "MLV_JOBS=4", "MLV_FORCE_TTY=80")
	for level, want := range map[spec.Level]string{
		spec.AtDefault: "4 MLV_JOBS", spec.AtProject: "1 mlv.yaml:3", spec.AtLocal: "3 .mlv/config.yaml:1",
	} {
		got, ok, err := s.Get("jobs", level)
		if err != nil || !ok || got.Text()+" "+got.Origin != want {
			t.Errorf("at %v: %s %s (%v, %v), want %s", level, got.Text(), got.Origin, ok, err, want)
		}
	}
	if got, ok, err := s.Get("cache.small", spec.AtLocal); ok || err != nil {
		t.Errorf("a level without the key has %v (%v)", got, err)
	}
	if _, _, err := s.Get("job", spec.AtDefault); errs.KindOf(err) != errs.Usage {
		t.Errorf("unknown key: %v", err)
	}
}

func TestSetWritesOneFileAndKeepsTheRest(t *testing.T) {
	s := settingsIn(t, nil)
	if err := s.Set(spec.AtLocal, "cache.type", "hardlink,copy"); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(spec.AtProject, "git.stage", "true"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rootFile+"git:\n  stage: true\n", textOf(t, s, spec.AtProject)); diff != "" {
		t.Errorf("mlv.yaml (-want +got):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(s.Dir, ".mlv", "config.yaml"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the clone's settings: %v, %v", info.Mode(), err)
	}
	had, err := s.Unset(spec.AtLocal, "cache.type")
	if err != nil || !had || strings.Contains(textOf(t, s, spec.AtLocal), "cache") {
		t.Errorf("unset: %v, %v", had, err)
	}
	if had, err := s.Unset(spec.AtLocal, "cache.type"); had || err != nil {
		t.Errorf("unset again: %v, %v", had, err)
	}
}

func TestSecretsStayOutOfTheProject(t *testing.T) {
	s := settingsIn(t, nil)
	if err := s.Set(spec.AtProject, "remotes.origin.token", "x"); errs.KindOf(err) != errs.Usage {
		t.Errorf("got %v", err)
	}
	if got := textOf(t, s, spec.AtProject); got != rootFile {
		t.Errorf("mlv.yaml is %q", got)
	}
}

func TestSettingsOutsideAProjectAreTheUsers(t *testing.T) {
	home := t.TempDir()
	s, err := OpenSettings(SettingsOptions{Dir: t.TempDir(), Home: filepath.Join(home, "mlv")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Set(spec.AtLocal, "jobs", "2"); errs.KindOf(err) != errs.Usage {
		t.Errorf("local: %v", err)
	}
	if err := s.Set(spec.AtUser, "jobs", "2"); err != nil {
		t.Errorf("user: %v", err)
	}
}

func TestFirstRemoteIsTheDefaultAndTrusted(t *testing.T) {
	s := settingsIn(t, nil)
	dir := filepath.Join(s.Dir, "sub")
	first, err := s.AddRemote(AddRemoteOptions{Name: "origin", URL: "../../store", Dir: dir, Level: spec.AtProject})
	if err != nil || !first.Default || first.URL != "../store" {
		t.Fatalf("%+v, %v", first, err)
	}
	s = reopen(t, s)
	if _, err := s.AddRemote(AddRemoteOptions{Name: "origin", URL: "/x", Level: spec.AtProject}); errs.KindOf(err) != errs.Usage {
		t.Errorf("a second origin: %v", err)
	}
	second, err := s.AddRemote(AddRemoteOptions{Name: "backup", URL: "/mnt/b", Level: spec.AtProject, Default: true, Set: []string{"region=eu"}})
	if err != nil || !second.Default {
		t.Fatalf("%+v, %v", second, err)
	}
	s = reopen(t, s)
	r, err := s.Config.Remote("")
	if err != nil || r.Name != "backup" || !s.Config.Trusted("01JD0000000000000000000000", "../store") {
		t.Errorf("default %+v, %v", r, err)
	}
	if s.Config.RemoteText("backup", "region") != "eu" {
		t.Error("--set is lost")
	}
}

func reopen(t *testing.T, s *Settings) *Settings {
	t.Helper()
	s, err := OpenSettings(SettingsOptions{Dir: s.Dir, Home: s.files[spec.AtUser].dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRemoteIsRenamedAndRemovedInEveryFile(t *testing.T) {
	s := settingsIn(t, map[string]string{
		"p/mlv.yaml":         rootFile + "remotes:\n  a: {url: /a, default: true} # ours\n  b:\n    url: /b\n",
		"p/.mlv/config.yaml": "remotes:\n  a:\n    username: ada\n",
	})
	if err := s.RenameRemote("a", "b"); errs.KindOf(err) != errs.Usage {
		t.Errorf("onto another: %v", err)
	}
	if err := s.RenameRemote("a", "c"); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	if r, err := s.Config.Remote("c"); err != nil || r.URL != "/a" || !r.Default || s.Config.RemoteText("c", "username") != "ada" {
		t.Errorf("renamed: %+v, %v", r, err)
	}
	if err := s.RemoveRemote("c"); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	if got := s.Config.Remotes(); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("left: %+v", got)
	}
	if err := s.RemoveRemote("c"); errs.KindOf(err) != errs.Usage {
		t.Errorf("again: %v", err)
	}
}

func TestTrustIsGivenAndTakenBack(t *testing.T) {
	s := settingsIn(t, map[string]string{"p/mlv.yaml": rootFile + "remotes: {origin: {url: /a}}\n"})
	trusted := func(s *Settings) bool { return s.Config.Trusted("01JD0000000000000000000000", "/a") }
	if trusted(s) {
		t.Fatal("a cloned project trusts itself")
	}
	if _, err := s.TrustRemote("", true); err != nil {
		t.Fatal(err)
	}
	if s = reopen(t, s); !trusted(s) {
		t.Error("not trusted")
	}
	if _, err := s.TrustRemote("origin", false); err != nil {
		t.Fatal(err)
	}
	if s = reopen(t, s); trusted(s) {
		t.Error("still trusted")
	}
}
