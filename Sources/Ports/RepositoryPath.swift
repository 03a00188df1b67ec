/// The path of a file or folder in a repository: relative, its parts separated by `/`, and nothing in it that could
/// lead out of the repository or into Git's own files, on any system that somebody checks it out on.
///
/// Compared byte for byte: Git keeps `ä` as one and as two characters apart, a Swift string does not.
package struct RepositoryPath: Sendable {
    package static let bytesMax = 4096
    package static let partBytesMax = 255

    package let text: String

    /// Throws `KeptnError.invalidInput` that tells what is wrong with which path.
    package init(_ text: String) throws(KeptnError) {
        if let problem = Self.problem(text) {
            throw KeptnError(.invalidInput, "the path '\(text.printable)' cannot be used: \(problem)")
        }
        self.text = text
    }

    private init(checked text: String) { self.text = text }

    // Cut by bytes: a '/' and a combining mark behind it are one Character.
    package var parts: [String] { text.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) } }

    /// The folders that the path lies in, the outermost first.
    package var folders: [RepositoryPath] {
        text.utf8.indices.filter { text.utf8[$0] == UInt8(ascii: "/") }
            .map { RepositoryPath(checked: String(text[..<$0])) }
    }

    package func appending(_ path: RepositoryPath) -> RepositoryPath {
        RepositoryPath(checked: "\(text)/\(path.text)")
    }

    /// The rest of the path below a folder; nil when it is not below it.
    package func relative(to folder: RepositoryPath) -> RepositoryPath? {
        let prefix = "\(folder.text)/".utf8
        guard text.utf8.starts(with: prefix) else { return nil }
        return RepositoryPath(checked: String(decoding: text.utf8.dropFirst(prefix.count), as: UTF8.self))
    }

    package func isBelow(_ folder: RepositoryPath) -> Bool { relative(to: folder) != nil }

    private static func problem(_ text: String) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.utf8.count > bytesMax { return "it is longer than \(bytesMax) bytes" }
        if text.utf8.first == UInt8(ascii: "/") { return "it must be relative, without a leading '/'" }
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "it contains a control character" }
        if text.utf8.contains(UInt8(ascii: "\\")) { return "it contains '\\'; folders are separated by '/'" }
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if let problem = problem(part: String(decoding: part, as: UTF8.self)) { return problem }
        }
        return nil
    }

    private static func problem(part: String) -> String? {
        if part.isEmpty { return "it has an empty part ('//', or a '/' at the end)" }
        if part == "." || part == ".." { return "'\(part)' is not allowed in it" }
        if part.utf8.first == UInt8(ascii: "~") { return "no part of it may begin with '~'" }
        if part.utf8.count > partBytesMax { return "'\(part)' is longer than \(partBytesMax) bytes" }
        if isGitsOwn(part) { return "'\(part.printable)' is a name that Git keeps for itself" }
        return nil
    }

    /// Whether some file system takes the name for `.git`: by ignoring case, invisible characters (HFS+), blanks and
    /// dots at the end or what follows a colon (NTFS), or by its short name `git~1` (FAT).
    private static func isGitsOwn(_ part: String) -> Bool {
        var name = String.UnicodeScalarView()
        for scalar in part.unicodeScalars where !scalar.properties.isDefaultIgnorableCodePoint {
            if scalar == ":" { break }
            name.append(scalar)
        }
        while let last = name.last, last == "." || last == " " { name.removeLast() }
        return [".git", "git~1"].contains(String(name).lowercased())
    }
}

extension RepositoryPath: Hashable, Comparable, CustomStringConvertible {
    package static func == (left: RepositoryPath, right: RepositoryPath) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    package static func < (left: RepositoryPath, right: RepositoryPath) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package var description: String { text }
}

extension String {
    /// With everything invisible in it as `\u{…}`, for messages.
    fileprivate var printable: String {
        var out = ""
        for scalar in unicodeScalars {
            let isInvisible =
                scalar.value < 0x20 || scalar.value == 0x7F || scalar.properties.isDefaultIgnorableCodePoint
            out += isInvisible ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return out
    }
}
