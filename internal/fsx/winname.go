package fsx

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// WindowsName tells why Windows could not hold a file of this name, or
// silently would give it another; nil if it can.
func WindowsName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return errors.New("not UTF-8, which Windows needs")
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return errors.New("ends in a dot or blank, which Windows drops")
	case len(utf16.Encode([]rune(name))) > MaxName:
		return fmt.Errorf("longer than the %d units that Windows allows", MaxName)
	}
	for _, r := range name {
		if r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) {
			return fmt.Errorf("has the character %q, which Windows forbids", r)
		}
	}
	base, _, _ := strings.Cut(name, ".")
	if isDevice(strings.TrimRight(base, " ")) {
		return fmt.Errorf("%s is a device on Windows", strings.ToUpper(base))
	}
	return nil
}

// isDevice knows the names that Windows takes for devices in every folder,
// whatever follows a dot.
func isDevice(base string) bool {
	up := strings.ToUpper(base)
	switch up {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	digit, ok := strings.CutPrefix(up, "COM")
	if !ok {
		digit, ok = strings.CutPrefix(up, "LPT")
	}
	return ok && utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit)
}
