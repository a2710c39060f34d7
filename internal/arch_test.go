// Package internal_test checks the rules of docs/design.md that a compiler
// cannot: who may import whom, and what only one package may do.
package internal_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/mlv-dev/mlv/internal/"

// imports lists, from the ground up, the internal packages that each package
// may import. Adding an edge is a design decision: change docs/design.md with
// it.
var imports = map[string]string{
	// ground
	"errs": "",
	"par":  "",
	"fsx":  "errs par",
	"proc": "errs par fsx",
	// values
	"object": "errs par fsx",
	"pack":   "errs fsx object",
	"value":  "errs",
	"spec":   "errs fsx object value",
	"render": "value",
	// worlds
	"store":  "errs par fsx object pack",
	"remote": "errs par fsx object",
	"vcs":    "errs par fsx proc",
	"ui":     "errs par render",
	// data
	"transfer": "errs par fsx object pack store remote",
	"work":     "errs par fsx object value spec store remote vcs transfer",
	// runs
	"pipeline": "errs par fsx proc object value spec store remote vcs transfer work",
	// verdict
	"review": "errs par fsx object value spec render store remote vcs transfer work pipeline",
	// surface
	"demo": "errs fsx proc",
	"cli":  "errs par fsx proc object value spec render store remote vcs ui transfer work pipeline review demo",
}

// owners lists what only the named packages may import.
var owners = map[string]string{
	"github.com/zeebo/blake3":              "object",
	"lukechampine.com/blake3":              "object",
	"github.com/klauspost/compress":        "pack",
	"github.com/goccy/go-yaml":             "value",
	"github.com/pelletier/go-toml":         "value",
	"github.com/go-git":                    "vcs",
	"gocloud.dev":                          "remote",
	"golang.org/x/crypto/ssh":              "remote",
	"golang.org/x/term":                    "ui",
	"github.com/clipperhouse/displaywidth": "render ui",
	"github.com/spf13":                     "cli",
	"golang.org/x/sys/unix":                "fsx proc ui",
	"golang.org/x/sys/windows":             "fsx proc ui",
	"golang.org/x/sync":                    "par",
	"os/exec":                              "proc",
	"os/signal":                            "cli proc",
	"net/http":                             "",
	"log":                                  "",
	"testing":                              "",
}

// calls lists what only the named packages may call.
var calls = map[string]string{
	"os.Exit":            "",
	"fmt.Print":          "",
	"fmt.Printf":         "",
	"fmt.Println":        "",
	"os.Getenv":          "cli",
	"os.LookupEnv":       "cli",
	"os.Environ":         "cli proc",
	"os.Chdir":           "",
	"os.Create":          "fsx",
	"os.CreateTemp":      "fsx",
	"os.OpenFile":        "fsx",
	"os.WriteFile":       "fsx",
	"os.Rename":          "fsx",
	"os.Mkdir":           "fsx",
	"os.MkdirAll":        "fsx",
	"os.MkdirTemp":       "fsx",
	"os.Remove":          "fsx",
	"os.RemoveAll":       "fsx",
	"os.Symlink":         "fsx",
	"os.Link":            "fsx",
	"os.Chmod":           "fsx",
	"os.Chtimes":         "fsx",
	"os.Truncate":        "fsx",
	"time.Sleep":         "",
	"context.Background": "cli",
	"context.TODO":       "",
}

// spawners are the packages that may start goroutines: elsewhere par does.
const spawners = "par fsx ui proc remote"

func TestArchitecture(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(name))
		if _, ok := imports[pkg]; !ok {
			t.Errorf("%s: package %s is not in the design", name, pkg)
		}
		seen[pkg] = true
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		checkFile(t, pkg, name, src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) == 0 {
		t.Fatal("no package was checked")
	}
}

func checkFile(t *testing.T, pkg, name string, src []byte) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		if to, ok := strings.CutPrefix(p, module); ok && !has(imports[pkg], to) {
			t.Errorf("%s: %s may not import %s", name, pkg, to)
		}
		for prefix, owner := range owners {
			if (p == prefix || strings.HasPrefix(p, prefix+"/")) && !has(owner, pkg) {
				t.Errorf("%s: only %q may import %s", name, owner, prefix)
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if !has(spawners, pkg) {
				t.Errorf("%s: go statement outside %s", fset.Position(n.Pos()), spawners)
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				call := x.Name + "." + n.Sel.Name
				if only, banned := calls[call]; banned && !has(only, pkg) {
					t.Errorf("%s: %s", fset.Position(n.Pos()), call)
				}
			}
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				t.Errorf("%s: init function", fset.Position(n.Pos()))
			}
		}
		return true
	})
	if pkg == "cli" && bytes.Contains(src, []byte("= register(")) {
		if n := bytes.Count(src, []byte("\n")); n > 80 {
			t.Errorf("%s: %d lines; a command has at most 80", name, n)
		}
	}
}

// TestOneMain holds that the module has exactly one program, so that
// "go install ./..." installs mlv and nothing else.
func TestOneMain(t *testing.T) {
	var mains []string
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly)
		if err == nil && f.Name.Name == "main" {
			mains = append(mains, filepath.ToSlash(filepath.Dir(name)))
		}
		return err
	})
	if mains = slices.Compact(mains); err != nil || !slices.Equal(mains, []string{"../cmd/mlv"}) {
		t.Errorf("packages main: %v (%v), want ../cmd/mlv alone", mains, err)
	}
}

// TestNoModuleThatIsSlowToStart holds that go.mod has none of the modules whose
// tables cost every command tens of milliseconds at start-up.
func TestNoModuleThatIsSlowToStart(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, slow := range []string{"github.com/mattn/go-runewidth", "github.com/charmbracelet/x/ansi", "github.com/charmbracelet/lipgloss"} {
		if bytes.Contains(mod, []byte(slow+" ")) {
			t.Errorf("go.mod has %s", slow)
		}
	}
}

func has(list, word string) bool { return slices.Contains(strings.Fields(list), word) }
