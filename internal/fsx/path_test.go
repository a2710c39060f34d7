package fsx

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	long := strings.Repeat("n", MaxName)
	for name, test := range map[string]struct {
		in string
		ok bool
	}{
		"one name":           {"a", true},
		"several":            {"a/b/c.txt", true},
		"hidden":             {".hidden/..x/...", true},
		"any bytes":          {"a:b\\c\n\x01\xff*?", true},
		"longest name":       {long, true},
		"deepest":            {strings.Repeat("d/", MaxDepth-1) + "d", true},
		"longest":            {strings.Repeat(long[:99]+"/", MaxPath/100-1) + long[:96], true},
		"empty":              {"", false},
		"absolute":           {"/a", false},
		"trailing slash":     {"a/", false},
		"double slash":       {"a//b", false},
		"dot":                {".", false},
		"dot inside":         {"a/./b", false},
		"up":                 {"..", false},
		"up inside":          {"a/../b", false},
		"NUL":                {"a\x00b", false},
		"name too long":      {long + "n", false},
		"path too long":      {strings.Repeat("abc/", MaxPath/4) + "a", false},
		"too deep":           {strings.Repeat("d/", MaxDepth) + "d", false},
		"git":                {".git", false},
		"git inside":         {"a/.git/b", false},
		"git in other case":  {".GiT/config", false},
		"git's neighbours":   {".gitignore/.github/git/.gi/agit", true},
		"windows separators": {`a\.git\config`, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ParsePath(test.in)
			if (err == nil) != test.ok {
				t.Errorf("error %v", err)
			}
			if err == nil && string(p) != test.in {
				t.Errorf("became %q", string(p))
			}
		})
	}
}

// TestAliasesOfGit holds the list to the cases of git's own tests of its
// is_ntfs_dotgit and is_hfs_dotgit.
func TestAliasesOfGit(t *testing.T) {
	for _, name := range []string{
		".git", ".GIT", ".giT", "git~1", "GIT~1", "Git~1",
		".git.", ".git..", ".git ", ".git  ", ".git . . ", "git~1.", "git~1 ", "GIT~1. .",
		".git:", ".git::$INDEX_ALLOCATION", ".git:stream", ".git ::$INDEX_ALLOCATION", "git~1:x", ".git...:alternate",
		`.git\foo`, `.git.\foo`, `x\.git`, `..\.git`, `x\GIT~1\hooks`,
		"\u200c.git", ".\u200cgit", ".gi\u200ct", ".git\u200c", ".g\u200d\u200eit", ".\u202agit", ".Gi\u206aT", "\ufeff.git", ".git\u206f",
		".git\xff", ".git\xffmore", ".g\u200fit\xc0",
	} {
		if !aliasOfGit(name) {
			t.Errorf("%q passes", name)
		}
	}
	for _, name := range []string{
		"git", ".gi", ".gitx", ".git~1", "git~2", "git~11", "git~", ".git-", ".git.x", ".git x", ". git", " .git", ".g it",
		"a.git", "git~1x", "..git", ".gitmodules", ".g\u0131t", ".g\u0130t", ".g\u200bit", "\xff.git", `.gitx\y`, "\u200c", "\xef\xbb",
	} {
		if aliasOfGit(name) {
			t.Errorf("%q is refused", name)
		}
	}
}

func TestPrivateFindsOurOwnFolder(t *testing.T) {
	for p, want := range map[Path]bool{
		".mlv": true, ".MLV/config.yaml": true, "sub/.mlv/x": true, "mlv~1": true, ".m\u200clv": true, ".mlv.": true,
		"mlv": false, "a.mlv": false, "data/images.mlv": false, ".mlvignore": false, "": false,
	} {
		if p.Private() != want {
			t.Errorf("%v private: %v", p, !want)
		}
	}
}

func TestPathAlgebra(t *testing.T) {
	p := Path("a/b/c")
	if p.Dir() != "a/b" || p.Base() != "c" || Path("a").Dir() != "" || Path("").Base() != "" {
		t.Error("Dir or Base")
	}
	if p.Rel("a") != "b/c" || p.Rel("") != p || p.Rel(p) != "" {
		t.Error("Rel")
	}
	if !p.Under("") || !p.Under("a/b") || !p.Under(p) || p.Under("a/b/c/d") || Path("ab").Under("a") {
		t.Error("Under")
	}
	if Path("").Join("a") != "a" || Path("a").Join("") != "a" || Path("a").Join("b") != "a/b" {
		t.Error("Join")
	}
	if c, err := Path("a").Child("b:c"); err != nil || c != "a/b:c" {
		t.Errorf("Child: %q, %v", string(c), err)
	}
	for _, name := range []string{"", "..", "b/c", ".git", "."} {
		if c, err := Path("a").Child(name); err == nil {
			t.Errorf("Child %q is %q", name, string(c))
		}
	}
}

func TestWindowsName(t *testing.T) {
	for _, name := range []string{"a", "a.txt", ".hidden", "CONSOLE", "COM", "COM10", "lpt", "nul1", "über", "a b", strings.Repeat("é", MaxName)} {
		if err := WindowsName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"a:b", `a\b`, "a*", "a?", `a"b`, "<", ">", "|", "a\x1f", "a\nb", "a.", "a ", "\xff",
		"CON", "con", "nul", "NUL.txt", "nul .tar.gz", "aux", "PRN", "COM1", "com9.log", "LPT0", "COM²", "CONIN$", "conout$",
		strings.Repeat("😀", 128),
	} {
		if WindowsName(name) == nil {
			t.Errorf("%q passes", name)
		}
	}
}

func TestFoldJoinsNamesThatDifferInCase(t *testing.T) {
	for _, pair := range [][2]string{{"README", "readme"}, {"Straße", "STRAßE"}, {"ΣΑΣ", "σας"}, {"K", "\u212a"}} {
		if Fold(pair[0]) != Fold(pair[1]) {
			t.Errorf("%q and %q stay apart", pair[0], pair[1])
		}
	}
	if Fold("a") == Fold("b") || Fold("x\xff") == Fold("x") {
		t.Error("different names are one")
	}
}

// FuzzParsePath holds that no accepted path leaves its root or touches .git,
// however a file system reads it.
func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"a", "a/b", "../a", "a/..", ".git", "a/.GIT./b", "git~1", ".g\u200cit", `a\..\b`, "a\x00", "a//b", "/a"} {
		f.Add(s)
	}
	root := filepath.Join(string(filepath.Separator), "root", "of", "all")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePath(s)
		if err != nil {
			return
		}
		if string(p) != s {
			t.Fatalf("%q became %q", s, string(p))
		}
		joined := filepath.Join(root, string(p))
		if filepath.Dir(joined) != filepath.Join(root, string(p.Dir())) || !strings.HasPrefix(joined, root+string(filepath.Separator)) {
			t.Fatalf("%q joins to %q", s, joined)
		}
		for _, name := range strings.Split(s, "/") {
			plain := strings.ToLower(strings.TrimRight(strings.Map(func(r rune) rune {
				if hfsIgnores(r) {
					return -1
				}
				return r
			}, name), ". "))
			if name == ".." || plain == ".git" || plain == "git~1" {
				t.Fatalf("%q has the component %q", s, name)
			}
		}
		if p.Dir().Join(Path(p.Base())) != p || !p.Under(p.Dir()) {
			t.Fatalf("%q does not come together again", s)
		}
	})
}
