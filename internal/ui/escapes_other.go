//go:build !windows

package ui

import "os"

// understandsEscapes is true for every terminal but Windows' old console.
func understandsEscapes(*os.File) bool { return true }
