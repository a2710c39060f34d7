package cli

import (
	"os"
	"path/filepath"

	"github.com/mlv-dev/mlv/internal/work"
)

// settings reads the settings that count in a.Dir.
func (a *App) settings() (*work.Settings, error) {
	return work.OpenSettings(work.SettingsOptions{Dir: a.Dir, Home: userFolder(), Environ: os.Environ()})
}

// userFolder returns the folder of the user's own settings; "" where the
// system knows none.
func userFolder() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "mlv")
}
