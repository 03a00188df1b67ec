import Testing

/// What the compiler does not check: the floors, the length of things, words that do not belong here, and that the
/// documents are true.
@Suite("The house is tidy")
struct TidyTests {
    private let floors = Floors(manifest: Repository.file("Package.swift")?.text ?? "")

    @Test("There is something to look at")
    func present() {
        #expect(Repository.sources.count > 50 && Repository.documents.count > 3)
        #expect(Set(floors.targets.values.map(\.floor)) == Set(0...6))
    }

    @Test("A target imports from the floors below its own")
    func imports() {
        report(
            Repository.sources.flatMap { file in
                imports(of: file).compactMap { line, module in
                    floors.objection(to: module, in: file.target).map { "\(file.path):\(line): \($0)" }
                }
            })
    }

    @Test("Foundation is imported by its essential part, and the model and the decisions know no machine")
    func machineImports() {
        report(
            Repository.sources.flatMap { file in
                imports(of: file).compactMap { line, module in
                    let isPure = (floors.floor(of: file.target) ?? 9) <= 1
                    let banned =
                        module == "Foundation" && !Exceptions.foundation.contains(file.path)
                        || isPure && (module.hasPrefix("NIO") || module == "Logging" || module == "Dispatch")
                    return banned ? "\(file.path):\(line): import \(module)" : nil
                }
            })
    }

    @Test("Lines have at most 120 columns, files at most 600 lines (aim at 400), functions at most 70")
    func lengths() {
        report(
            Repository.swiftFiles.flatMap { file in
                let lines = file.lines
                let long = lines.indices.filter { lines[$0].utf8.count > 120 && lines[$0].count > 120 }.map {
                    "\(file.path):\($0 + 1): \(lines[$0].count) columns"
                }
                let functions = file.code.functions.filter { $0.last - $0.first >= 70 }.map {
                    "\(file.path):\($0.first): \($0.name) has \($0.last - $0.first + 1) lines"
                }
                return long + functions + (lines.count > 600 ? ["\(file.path): \(lines.count) lines"] : [])
            })
    }

    @Test("No word that stops the program, hides a mistake or leaves the structure of tasks")
    func words() {
        report(
            Repository.sources.flatMap { file in
                let banned = BannedWords.of(floor: floors.floor(of: file.target) ?? 0)
                let words = banned.filter { file.text.contains($0.text) }
                let lines = words.isEmpty ? [] : file.code.lines
                return lines.indices.flatMap { index in
                    words.filter { $0.occurs(in: lines[index]) && !Exceptions.allow($0, in: file.path) }.map {
                        "\(file.path):\(index + 1): '\($0.text)' \($0.reason)"
                    }
                }
            })
    }

    @Test("Every stream has a bound")
    func streams() {
        report(
            Repository.sources.compactMap { file in
                guard file.text.contains("AsyncStream") else { return nil }
                let code = file.code.lines.joined(separator: "\n")
                let made = code.count(of: "makeStream(") + code.count(of: "AsyncStream(")
                return made > code.count(of: "bufferingPolicy") ? "\(file.path): a stream without a bound" : nil
            })
    }

    @Test("Nothing is left for later, and nothing depends on the machine it was written on")
    func leftovers() {
        let own = "Tests/TidyTests/"
        let marks = ["TODO", "FIXME", "XXX:"]
        let places = ["/work/", "/root/", "/mnt/", "/tmp/h-"]
        let others = ["Package.swift", "Makefile"].compactMap(Repository.file)
        report(
            (Repository.swiftFiles + Repository.documents + others).filter { !$0.path.hasPrefix(own) }.flatMap { file in
                let found = (marks + places).filter { file.text.contains($0) }
                return (found.isEmpty ? [] : file.lines).enumerated().flatMap { index, line in
                    found.filter { line.contains($0) }.map { "\(file.path):\(index + 1): '\($0)'" }
                }
            })
    }

    @Test("docs/architecture.md names every target, and links in documents lead somewhere")
    func documents() {
        let architecture = Repository.file("docs/architecture.md")?.text ?? ""
        let unnamed = floors.targets.keys.sorted().filter { !architecture.contains("`\($0)`") }.map {
            "docs/architecture.md does not name `\($0)`"
        }
        let broken = Repository.documents.flatMap { file in
            links(in: file).filter { !Repository.exists($0.path) }.map {
                "\(file.path):\($0.line): \($0.path) is not there"
            }
        }
        report(unnamed + broken)
    }

    private func report(_ violations: [String]) {
        #expect(violations.isEmpty, "\n\(violations.joined(separator: "\n"))")
    }

    private func imports(of file: Repository.File) -> [(line: Int, module: String)] {
        file.code.lines.enumerated().compactMap { index, line in
            guard line.utf8.contains(UInt8(ascii: "i")), line.contains("import ") else { return nil }
            var words = line.split(separator: " ").drop { $0.hasPrefix("@") }
            if let first = words.first, ["public", "package", "internal", "private", "fileprivate"].contains(first) {
                words = words.dropFirst()
            }
            guard words.first == "import", let module = words.last else { return nil }
            return (index + 1, String(module.prefix { $0 != "." }))
        }
    }

    /// The targets of `[text](target)` inside this repository, from its root.
    private func links(in file: Repository.File) -> [(line: Int, path: String)] {
        let folder = file.path.split(separator: "/").dropLast()
        return file.lines.enumerated().flatMap { index, line in
            line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { part in
                let target = part.prefix { $0 != ")" && $0 != "#" && $0 != " " }
                guard !target.isEmpty, !target.contains(":") else { return nil }
                var path = folder
                for step in target.split(separator: "/") {
                    if step == ".." { path = path.dropLast() } else if step != "." { path.append(step) }
                }
                return (index + 1, path.joined(separator: "/"))
            }
        }
    }
}

extension String {
    fileprivate func count(of part: String) -> Int { ranges(of: part).count }
}
