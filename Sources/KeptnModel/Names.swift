/// The rules for names (K §2.3.7), each with the sentence that a user gets to see.
public enum Names {
    public static let projectLengthMax = 200
    public static let serviceLengthMax = 43

    /// Nil when the name is good, else why it is not.
    public static func problem(project name: String) -> String? {
        if name.isEmpty { return "a project needs a name" }
        if name.count > projectLengthMax { return "a project name has at most \(projectLengthMax) characters" }
        return lowerCaseName(name) ? nil : "a project name \(lowerCaseRule)"
    }

    public static func problem(stage name: String) -> String? {
        if name.isEmpty { return "a stage needs a name" }
        return lowerCaseName(name) ? nil : "a stage name \(lowerCaseRule)"
    }

    public static func problem(service name: String) -> String? {
        if name.isEmpty { return "a service needs a name" }
        if name.count > serviceLengthMax { return "a service name has at most \(serviceLengthMax) characters" }
        if name == "." || name == ".." { return "a service cannot be named '.' or '..'" }
        if name.lowercased() == ".git" { return "a service cannot be named '.git': Git keeps that name for itself" }
        if let bad = name.unicodeScalars.first(where: { "/><|:& ".unicodeScalars.contains($0) }) {
            return "a service name must not contain '\(bad)' (nor any of / > < | : & or white space)"
        }
        return hasControlCharacter(name) ? "a service name must not contain control characters" : nil
    }

    /// Sequences and tasks: no dots, as dots separate the parts of an event type, and no control characters.
    public static func problem(sequenceOrTask name: String) -> String? {
        if name.isEmpty { return "a name is needed" }
        if name.contains(".") { return "a name must not contain dots: they separate the parts of an event type" }
        return hasControlCharacter(name) ? "a name must not contain control characters" : nil
    }

    /// Whether an id may name a file, and stand in a URL's path as it is: letters and digits of ASCII and dashes, at
    /// most 100 of them.
    package static func isPlain(id: String) -> Bool {
        (1...100).contains(id.utf8.count)
            && id.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == UInt8(ascii: "-")
            }
    }

    private static func hasControlCharacter(_ name: String) -> Bool {
        name.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }

    private static let lowerCaseRule =
        "consists of lower case letters, digits and dashes, begins with a letter and does not end with a dash"

    /// `[a-z]([a-z0-9-]*[a-z0-9])?`
    private static func lowerCaseName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        func letter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
        func digit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        guard let first = bytes.first, let last = bytes.last, letter(first), last != UInt8(ascii: "-") else {
            return false
        }
        return bytes.allSatisfy { letter($0) || digit($0) || $0 == UInt8(ascii: "-") }
    }
}
