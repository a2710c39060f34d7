package spec

import (
	"path"
	"strings"
)

func AddIgnore(content []byte, name string) []byte {
	if strings.Contains("\n"+string(content), "\n/"+name+"\n") {
		return content
	}
	return append(content, "/"+name+"\n"...)
}

func RemoveIgnore(content []byte, name string) []byte {
	return []byte(strings.TrimPrefix(strings.Replace("\n"+string(content), "\n/"+name+"\n", "\n", 1), "\n"))
}

func Glob(pattern, name string) bool { ok, _ := path.Match(pattern, name); return ok }
