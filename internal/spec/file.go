package spec

import (
	"bytes"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/value"
)

// maxFile is the most bytes that an mlv.yaml may have.
const maxFile = 16 << 20

// A File is one mlv.yaml, read. Its format is docs/format/mlv-yaml.md.
type File struct {
	Path     fsx.Path
	Project  string // the project's ID, in the root's file only
	Stages   []*Stage
	Metrics  []string // further files to show, from the project's folder
	Params   []string
	Measures []Measure
	Doc      *value.Document
}

// Dir returns the folder that the file stands in.
func (f *File) Dir() fsx.Path { return f.Path.Dir() }

// Stage returns the stage of a name, nil if there is none.
func (f *File) Stage(name string) *Stage {
	for _, s := range f.Stages {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// A Measure says how values of a name are to be read.
type Measure struct {
	Name   string // a key, or a pattern with '*'
	Better string // "higher", "lower" or "": neither
	Unit   string
}

// IsRoot tells whether an mlv.yaml is that of a project's root: whether it has
// a line that begins with "project:". It asks no more, so that a broken file
// still marks its project.
func IsRoot(b []byte) bool {
	return bytes.HasPrefix(b, []byte("project:")) || bytes.Contains(b, []byte("\nproject:"))
}

// The fields of mlv.yaml. Those that configure are in the table of Keys.
var (
	fileFields = []string{"version", "project", "stages", "metrics", "params", "measures"}
	// laterFields have a meaning that this version does not know. To pass over
	// one would do something else than the file says.
	laterFields = []string{
		"vars", "limits", "plots", "gates", "quality", "models", "environments", "monitors", "secrets",
	}
)

// ParseFile reads an mlv.yaml that stands at path. Above is how many folders
// lie between the project and the top of its repository: what a stage depends
// on may lie there. A File comes back, with all that could be read, unless the
// file isn't YAML; each error is one thing that is wrong in it.
func ParseFile(path fsx.Path, b []byte, above int) (*File, []error) {
	name := string(path)
	if len(b) > maxFile {
		return nil, []error{tooLarge(name, maxFile)}
	}
	if err := conflicted(name, b, "resolve it by hand"); err != nil {
		return nil, []error{err}
	}
	doc, err := value.ParseYAML(name, b)
	if err != nil {
		return nil, []error{err}
	}
	r := &fileReader{file: &File{Path: path, Doc: doc}, dec: decoder{doc: doc}, above: above}
	r.read()
	return r.file, r.errs
}

// A fileReader collects what is right and what is wrong in an mlv.yaml.
type fileReader struct {
	file  *File
	dec   decoder
	above int
	errs  []error
	made  map[string]bool // outs of the stage that is being read
}

// maxProblems is how many things in one file are told of at once.
const maxProblems = 100

func (r *fileReader) note(err error) {
	if err != nil {
		r.errs = append(r.errs, err)
	}
}

func (r *fileReader) read() {
	root := r.file.Doc.Root
	if root.Kind != value.Map {
		if root.Style != value.Absent {
			r.note(r.dec.wants(root, "a map of fields"))
		}
		return
	}
	if root.Get("version") != nil {
		if err := r.dec.version(root); err != nil {
			r.note(err)
			return
		}
	}
	for _, pair := range root.Pairs {
		r.note(r.field(pair))
	}
	if r.file.Dir() == "" {
		r.errs = append(r.errs, checkSettings(r.file.Doc, AtProject)...)
	}
}

func (r *fileReader) field(pair value.Pair) (err error) {
	key, n := pair.Key.Text, pair.Value
	d := r.dec.in(key)
	if n.Style == value.Absent && key != "project" {
		return nil
	}
	switch key {
	case "version":
	case "project":
		if r.file.Project, err = d.text(n); err == nil && !isName(r.file.Project) {
			err = d.errorf(n, "", "%q is no ID: letters and digits make one", r.file.Project)
		}
	case "stages":
		r.stages(n)
	case "metrics":
		r.file.Metrics, err = r.paths(d, n)
	case "params":
		r.file.Params, err = r.paths(d, n)
	case "measures":
		err = r.measures(d, n)
	default:
		switch {
		case isSection(key) && r.file.Dir() != "":
			err = r.dec.errorf(pair.Key, "move it to the mlv.yaml that has 'project:'", "%q is for the whole project", key)
		case isSection(key):
		case slices.Contains(laterFields, key):
			err = r.dec.later(pair.Key)
		default:
			err = r.dec.unknown(pair.Key, "field", slices.Concat(fileFields, laterFields, sections()))
		}
	}
	return err
}

// later is the error of a construct that only later versions know.
func (d decoder) later(key *value.Node) error {
	return d.errorf(key, "install a newer mlv, or take it out", "%q is not supported by this version of mlv", key.Text)
}

// paths reads a list of files, relative to the folder of mlv.yaml.
func (r *fileReader) paths(d decoder, n *value.Node) ([]string, error) {
	if n.Kind != value.List {
		return nil, d.wants(n, "a list of files")
	}
	var list []string
	for _, item := range n.Items {
		p, err := r.place(d, item, r.file.Dir())
		if err != nil {
			return nil, err
		}
		list = append(list, p.Full)
	}
	return list, nil
}

func (r *fileReader) measures(d decoder, n *value.Node) error {
	if n.Kind != value.Map {
		return d.wants(n, "a map of names")
	}
	for _, pair := range n.Pairs {
		m, d := Measure{Name: pair.Key.Text}, d.in(pair.Key.Text)
		if pair.Value.Kind != value.Map {
			return d.wants(pair.Value, "a map, as {better: higher}")
		}
		for _, f := range pair.Value.Pairs {
			var err error
			switch f.Key.Text {
			case "better":
				m.Better, err = d.in("better").word(f.Value, "higher", "lower")
			case "unit":
				m.Unit, err = d.in("unit").text(f.Value)
			default:
				err = d.unknown(f.Key, "field", []string{"better", "unit"})
			}
			if err != nil {
				return err
			}
		}
		r.file.Measures = append(r.file.Measures, m)
	}
	return nil
}

// place reads a path as seen from the folder from.
func (r *fileReader) place(d decoder, n *value.Node, from fsx.Path) (Place, error) {
	text, err := d.literal(n)
	if err != nil {
		return Place{}, err
	}
	p, err := resolvePath(from, text, r.above)
	if err != nil {
		return Place{}, d.errorf(n, "", "%s", err)
	}
	return p, nil
}

// literal reads text that may hold "\${", which stands for "${".
func (d decoder) literal(n *value.Node) (string, error) {
	text, err := d.text(n)
	if err != nil || !strings.Contains(text, "${") {
		return text, err
	}
	plain := strings.ReplaceAll(text, `\${`, "\x00")
	if strings.Contains(plain, "${") {
		return "", d.errorf(n, `write \${ where the text itself is meant`, "templates (${…}) are not supported by this version of mlv")
	}
	return strings.ReplaceAll(plain, "\x00", "${"), nil
}
