package ui

import (
	"os"

	"golang.org/x/sys/windows"
)

// understandsEscapes turns on the console's escape sequences; consoles older
// than Windows 10 have none.
func understandsEscapes(file *os.File) bool {
	handle := windows.Handle(file.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(handle, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
