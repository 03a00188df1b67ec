import FoundationEssentials

/// The files of this repository, as they lie beside this test.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct File: Sendable {
        /// From the repository's root.
        let path: String
        let text: String
        let lines: [Substring]
        /// The lines without comments and the insides of strings; empty for what is no Swift file.
        let code: SwiftText

        init(path: String, text: String) {
            self.path = path
            self.text = text
            lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            code = SwiftText(path.hasSuffix(".swift") ? text : "")
        }

        /// The second folder of the path: the target of a file in Sources, the suite of one in Tests.
        var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }
    }

    static let swiftFiles = files(under: ["Sources", "Tests", "examples", "Fuzz"]) { $0.hasSuffix(".swift") }
    static let sources = swiftFiles.filter { $0.path.hasPrefix("Sources/") }
    static let documents =
        files(under: ["docs", "examples"]) { $0.hasSuffix(".md") }
        + ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].compactMap(file)

    static func file(_ path: String) -> File? {
        guard let data = try? Data(contentsOf: root.appending(path: path)) else { return nil }
        return File(path: path, text: String(decoding: data, as: UTF8.self))
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    private static func files(under folders: [String], where isWanted: (String) -> Bool) -> [File] {
        folders.flatMap { folder in paths(in: folder) }.filter(isWanted).sorted().compactMap(file)
    }

    private static func paths(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.flatMap { name in
            var isFolder = false
            let path = "\(folder)/\(name)"
            _ = FileManager.default.fileExists(atPath: root.appending(path: path).path, isDirectory: &isFolder)
            return isFolder ? paths(in: path) : [path]
        }
    }
}

/// The floors of the house, read from Package.swift: `// 3 kit` begins one, and names follow.
struct Floors {
    /// The floor of each target, and its place in the list.
    let targets: [String: (floor: Int, order: Int)]

    init(manifest: String) {
        var targets: [String: (floor: Int, order: Int)] = [:]
        var floor: Int?
        for line in manifest.split(separator: "\n") {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("nonisolated var tests") { break }
            if text.hasPrefix("// "), let number = text.dropFirst(3).first?.wholeNumberValue { floor = number }
            guard let floor else { continue }
            for opening in ["name: \"", "component(\""] {
                guard let range = text.firstRange(of: opening) else { continue }
                let name = String(text[range.upperBound...].prefix { $0 != "\"" })
                targets[name] = (floor, targets.count)
            }
        }
        self.targets = targets
    }

    /// Why one target may not import another; nil when it may.
    func objection(to imported: String, in importing: String) -> String? {
        guard let own = targets[importing] else { return "\(importing) is on no floor of Package.swift" }
        guard let other = targets[imported] else { return nil }
        if other.floor > own.floor { return "\(importing) (floor \(own.floor)) imports \(imported) from above" }
        // A component may have files or headers of its own that only C can hold.
        if own.floor == Self.components, other.floor == own.floor, imported.hasPrefix("C\(importing)") { return nil }
        if own.floor == Self.components, other.floor == Self.adapters || other.floor == own.floor {
            return "component \(importing) imports \(imported): components know ports only"
        }
        if own.floor == Self.adapters, other.floor == own.floor, !imported.hasPrefix("C") {
            return "adapter \(importing) imports adapter \(imported)"
        }
        if other.floor == own.floor, other.order >= own.order { return "\(importing) imports \(imported) from above" }
        return nil
    }

    private static let adapters = 4
    private static let components = 5

    func floor(of target: String) -> Int? { targets[target]?.floor }
}
