/// Takes a `printf` pattern apart: text, and values with their verbs.
struct Directives {
    enum Part {
        case text(String)
        case value(Value, verb: Character, GoFormat.Flags)
    }

    /// The largest width and precision that Go takes.
    private static let sizeMax = 1_000_000

    private let pattern: [Unicode.Scalar]
    private let arguments: [Value]
    private var index = 0
    private var argument = 0
    /// Whether an index such as `[2]` was used; then arguments may be left over.
    private var isReordered = false
    /// Mistakes in a directive, to be written in front of its value.
    private var complaints = ""

    init(_ pattern: String, _ arguments: ArraySlice<Value>) {
        self.pattern = Array(pattern.unicodeScalars)
        self.arguments = Array(arguments)
    }

    /// The arguments that no verb asked for.
    var unused: ArraySlice<Value> { isReordered ? [] : arguments.dropFirst(argument) }

    mutating func next() -> Part? {
        if !complaints.isEmpty {
            defer { complaints = "" }
            return .text(complaints)
        }
        if let held {
            self.held = nil
            return held
        }
        guard index < pattern.count else { return nil }
        guard pattern[index] == "%" else {
            let end = pattern[index...].firstIndex(of: "%") ?? pattern.count
            defer { index = end }
            return .text(text(index..<end))
        }
        index += 1
        let part = directive()
        guard !complaints.isEmpty else { return part }
        held = part
        return next()
    }

    /// What follows the complaints.
    private var held: Part?

    private mutating func directive() -> Part {
        var flags = flags()
        var isGood = true
        var isIndexed = argumentIndex(&isGood)
        if peek == "*" {
            index += 1
            flags.width = size()
            if flags.width == nil { complaints += "%!(BADWIDTH)" }
            if let width = flags.width, width < 0 {
                flags.width = -width
                flags.minus = true
                flags.zero = false
            }
            isIndexed = false
        } else {
            flags.width = number()
            if isIndexed, flags.width != nil { isGood = false }
        }
        if peek == ".", index + 1 < pattern.count {
            index += 1
            if isIndexed { isGood = false }
            isIndexed = argumentIndex(&isGood)
            if peek == "*" {
                index += 1
                flags.precision = size().flatMap { $0 < 0 ? nil : $0 }
                if flags.precision == nil { complaints += "%!(BADPREC)" }
                isIndexed = false
            } else {
                flags.precision = number() ?? 0
            }
        }
        if !isIndexed { _ = argumentIndex(&isGood) }
        guard let scalar = peek else { return .text("%!(NOVERB)") }
        index += 1
        let verb = Character(scalar)
        if verb == "%" { return .text("%") }
        if !isGood { return .text("%!\(verb)(BADINDEX)") }
        guard argument < arguments.count else { return .text("%!\(verb)(MISSING)") }
        if verb == "v" {
            (flags.isSource, flags.sharp, flags.plus) = (flags.sharp, false, false)
        }
        defer { argument += 1 }
        return .value(arguments[argument], verb: verb, flags)
    }

    private mutating func flags() -> GoFormat.Flags {
        var flags = GoFormat.Flags()
        while let scalar = peek {
            switch scalar {
            case "#": flags.sharp = true
            case "0": flags.zero = true
            case "+": flags.plus = true
            case "-": flags.minus = true
            case " ": flags.space = true
            default: return flags
            }
            index += 1
        }
        return flags
    }

    private var peek: Unicode.Scalar? { index < pattern.count ? pattern[index] : nil }

    private func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: pattern[range])
        return String(view)
    }

    /// A whole number; one too large takes the rest of the pattern with it.
    private mutating func number() -> Int? {
        let digits = pattern[index...].prefix { $0.isASCII && $0.properties.numericType == .decimal }
        guard !digits.isEmpty else { return nil }
        index = digits.endIndex
        if let value = Int(text(digits.startIndex..<digits.endIndex)), value <= Self.sizeMax { return value }
        index = pattern.count
        return nil
    }

    /// An argument that is a width or a precision.
    private mutating func size() -> Int? {
        guard argument < arguments.count else { return nil }
        defer { argument += 1 }
        guard case .integer(let value) = arguments[argument], value.magnitude <= Self.sizeMax else { return nil }
        return value
    }

    /// Goes over `[2]`; true if there was one.
    private mutating func argumentIndex(_ isGood: inout Bool) -> Bool {
        guard peek == "[" else { return false }
        isReordered = true
        guard let end = pattern[index...].firstIndex(of: "]") else {
            index += 1
            isGood = false
            return false
        }
        let number = Int(text((index + 1)..<end))
        index = end + 1
        guard let number else {
            isGood = false
            return false
        }
        if (1...max(1, arguments.count)).contains(number), !arguments.isEmpty {
            argument = number - 1
        } else {
            isGood = false
        }
        return true
    }
}
