package work

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/value"
)

// configName is the file of settings in .mlv, and in the user's own folder.
const configName = "config.yaml"

// maxSettings is the most bytes that a file of settings may have: mlv.yaml is
// one, too.
const maxSettings = 16 << 20

// SettingsOptions say where settings come from.
type SettingsOptions struct {
	Dir     string   // the user's folder
	Home    string   // folder of the user's own settings; empty: none
	Environ []string // "MLV_JOBS=4"
}

// Settings are the files that settings stand in: the project's, this clone's
// and the user's. A change is written at once and whole.
type Settings struct {
	Dir    string       // the project's folder; empty outside of one
	Config *spec.Config // all levels, as they were when opened

	files map[spec.Level]settingsFile
}

type settingsFile struct {
	dir string // of the system; made when the file is written
	at  fsx.Path
	doc *value.Document
}

// OpenSettings reads the settings that count in opt.Dir. Outside of a project
// there are the user's and the environment's.
func OpenSettings(opt SettingsOptions) (*Settings, error) {
	s := &Settings{files: map[spec.Level]settingsFile{}}
	if dir, err := Find(opt.Dir); err == nil {
		s.Dir = dir
		s.files[spec.AtProject] = settingsFile{dir: dir, at: spec.FileName}
		s.files[spec.AtLocal] = settingsFile{dir: dir, at: mlvDir.Join(configName)}
	}
	if opt.Home != "" {
		s.files[spec.AtUser] = settingsFile{dir: opt.Home, at: configName}
	}
	for level, file := range s.files {
		var err error
		if file.doc, err = file.read(); err != nil {
			return nil, err
		}
		s.files[level] = file
	}
	var err error
	s.Config, err = spec.NewConfig(spec.ConfigOptions{
		Environ: opt.Environ,
		Local:   s.files[spec.AtLocal].doc,
		User:    s.files[spec.AtUser].doc,
		Project: s.files[spec.AtProject].doc,
	})
	return s, err
}

// name returns the file as messages call it: the project's relative to its
// folder, the user's whole.
func (f settingsFile) name() string {
	if f.at == configName {
		return filepath.Join(f.dir, configName)
	}
	return string(f.at)
}

// read reads the file; an absent one is empty.
func (f settingsFile) read() (*value.Document, error) {
	root, err := fsx.OpenRoot(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return value.ParseYAML(f.name(), nil)
	}
	if err != nil {
		return nil, err
	}
	b, err := root.ReadFile(f.at, maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err = errors.Join(err, root.Close()); err != nil {
		return nil, err
	}
	return value.ParseYAML(f.name(), b)
}

// write gives the file of a level the text of doc. What may hold secrets is
// its owner's alone.
func (s *Settings) write(level spec.Level, doc *value.Document) (err error) {
	file := s.files[level]
	if doc == file.doc {
		return nil
	}
	root, err := fsx.MakeRoot(file.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	opt := fsx.WriteOptions{}
	if level != spec.AtProject {
		opt.Perm = 0o600
	}
	if err := root.WriteFile(file.at, doc.Bytes(), opt); err != nil {
		return err
	}
	file.doc = doc
	s.files[level] = file
	return nil
}

// doc returns the file of a level.
func (s *Settings) doc(level spec.Level) (*value.Document, error) {
	if file, ok := s.files[level]; ok {
		return file.doc, nil
	}
	if level == spec.AtUser {
		return nil, errs.New(errs.Usage, "set HOME", "no folder for your own settings is known")
	}
	return nil, errs.New(errs.Usage, "run 'mlv init', or name --global", "no mlv project here or in a folder above")
}

// project returns the project's ID.
func (s *Settings) project() (string, error) {
	doc, err := s.doc(spec.AtProject)
	if err != nil {
		return "", err
	}
	if id := doc.Root.Get("project"); id != nil && id.Text != "" {
		return id.Text, nil
	}
	return "", errs.At(errs.Usage, spec.FileName, "run 'mlv init' in an empty folder to see one", "the project has no ID")
}

// Get returns the setting of a key as a level has it, AtDefault: as it counts.
// It tells whether there is one.
func (s *Settings) Get(key string, level spec.Level) (spec.Setting, bool, error) {
	got, err := s.Config.Get(key)
	if err != nil || level == spec.AtDefault {
		return got, got.Level != spec.AtDefault || !got.Value.IsNull(), err
	}
	list, err := s.List(level)
	if err != nil {
		return spec.Setting{}, false, err
	}
	for _, got := range list {
		if got.Key == key {
			return got, true, nil
		}
	}
	return spec.Setting{}, false, nil
}

// List returns what is set, by key: at a level, or with AtDefault what counts.
func (s *Settings) List(level spec.Level) ([]spec.Setting, error) {
	if level == spec.AtDefault {
		return s.Config.List(), nil
	}
	doc, err := s.doc(level)
	if err != nil {
		return nil, err
	}
	var only spec.ConfigOptions
	switch level {
	case spec.AtProject:
		only.Project = doc
	case spec.AtUser:
		only.User = doc
	default:
		only.Local = doc
	}
	config, err := spec.NewConfig(only)
	if err != nil {
		return nil, err
	}
	return config.List(), nil
}

// Set gives key a value in the file of a level.
func (s *Settings) Set(level spec.Level, key, text string) error {
	doc, err := s.doc(level)
	if err != nil {
		return err
	}
	if doc, err = spec.Set(doc, level, key, text); err != nil {
		return err
	}
	return s.write(level, doc)
}

// Unset takes key out of the file of a level, and tells whether it was there.
func (s *Settings) Unset(level spec.Level, key string) (bool, error) {
	doc, err := s.doc(level)
	if err != nil {
		return false, err
	}
	doc, had, err := spec.Unset(doc, key)
	if err != nil || !had {
		return false, err
	}
	return true, s.write(level, doc)
}
