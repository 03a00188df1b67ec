/// The functions that every template has.
enum Function: String, Sendable, CaseIterable {
    case and, call, eq, ge, gt, html, index, js, le, len, lt, ne, not, or, print, printf, println, slice, urlquery

    /// How many arguments it takes.
    var arguments: ClosedRange<Int> {
        switch self {
        case .not, .len: 1...1
        case .ne, .lt, .le, .gt, .ge: 2...2
        case .and, .or, .call, .eq, .index, .printf, .slice: 1...Int.max
        case .html, .js, .print, .println, .urlquery: 0...Int.max
        }
    }

    /// What is wrong with a call.
    struct Mistake: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }

    /// The result for arguments whose number is right. `and` and `or` get all of theirs here, although the evaluator
    /// stops at the one that decides.
    func call(_ arguments: [Value], bytesMax: Int) throws(Mistake) -> Value {
        switch self {
        case .and: return arguments.first { !$0.isTrue } ?? arguments[arguments.count - 1]
        case .or: return arguments.first { $0.isTrue } ?? arguments[arguments.count - 1]
        case .not: return .bool(!arguments[0].isTrue)
        case .call: throw Mistake("\(arguments[0].found) is no function; JSON has none")
        case .len: return .integer(try length(arguments[0]))
        case .index: return try index(arguments)
        case .slice: return try slice(arguments)
        case .eq:
            guard arguments.count > 1 else { throw Mistake("eq needs a second value to compare with") }
            for other in arguments.dropFirst() where try Comparison.areEqual(arguments[0], other) { return .bool(true) }
            return .bool(false)
        case .ne: return .bool(try !Comparison.areEqual(arguments[0], arguments[1]))
        case .lt: return .bool(try Comparison.isLess(arguments[0], arguments[1]))
        case .le: return .bool(try Comparison.isLessOrEqual(arguments[0], arguments[1]))
        case .gt: return .bool(try !Comparison.isLessOrEqual(arguments[0], arguments[1]))
        case .ge: return .bool(try !Comparison.isLess(arguments[0], arguments[1]))
        case .print, .println, .printf, .html, .js, .urlquery:
            return .string(try text(arguments, bytesMax: bytesMax))
        }
    }

    private func text(_ arguments: [Value], bytesMax: Int) throws(Mistake) -> String {
        var format = GoFormat(bytesMax: bytesMax)
        switch self {
        case .printf:
            guard case .string(let pattern) = arguments[0] else {
                throw Mistake("printf needs text with %v and the like as its first argument, not \(arguments[0].found)")
            }
            try format.write(pattern: pattern, arguments.dropFirst())
        case .println: try format.write(line: arguments)
        case .print: try format.write(values: arguments)
        default:
            if arguments.count == 1, case .string(let text) = arguments[0] {
                try format.write(text)
            } else {
                try format.write(values: arguments.map { if case .missing = $0 { .string("<no value>") } else { $0 } })
            }
        }
        let text = format.text
        return switch self {
        case .html: Escaping.html(text)
        case .js: Escaping.javaScript(text)
        case .urlquery: Escaping.query(text)
        default: text
        }
    }
}

// MARK: - Lists, objects, text

extension Function {
    private func length(_ value: Value) throws(Mistake) -> Int {
        switch value {
        case .string(let text): text.utf8.count
        case .list(let elements): elements.count
        case .object(let members): members.entries.count
        default: throw Mistake("\(value.found) has no length; text, lists and objects have")
        }
    }

    private func index(_ arguments: [Value]) throws(Mistake) -> Value {
        var item = arguments[0]
        if case .missing = item { throw Mistake("there is nothing to take an element of") }
        for index in arguments.dropFirst() {
            switch item {
            case .list(let elements):
                let offset = try self.offset(index, upTo: elements.count - 1)
                item = elements[elements.startIndex + offset]
            case .string(let text):
                let offset = try self.offset(index, upTo: text.utf8.count - 1)
                item = .integer(Int(text.utf8[text.utf8.index(text.startIndex, offsetBy: offset)]))
            case .object(let members):
                guard case .string(let key) = index else {
                    throw Mistake("an object's key is text, not \(index.found)")
                }
                item = members[key] ?? .null
            default: throw Mistake("\(item.found) has no elements; lists, objects and text have")
            }
        }
        return item
    }

    private func slice(_ arguments: [Value]) throws(Mistake) -> Value {
        let indexes = arguments.dropFirst()
        let count: Int
        switch arguments[0] {
        case .string(let text):
            guard indexes.count <= 2 else { throw Mistake("text is sliced by two indexes, not \(indexes.count)") }
            count = text.utf8.count
        case .list(let elements):
            guard indexes.count <= 3 else { throw Mistake("a list is sliced by two indexes, not \(indexes.count)") }
            count = elements.count
        default: throw Mistake("\(arguments[0].found) cannot be sliced; lists and text can")
        }
        var bounds: [Int] = []
        for index in indexes { bounds.append(try offset(index, upTo: count)) }
        let (first, end) = (bounds.first ?? 0, bounds.count > 1 ? bounds[1] : count)
        guard first <= end, end <= bounds.dropFirst(2).first ?? end else {
            throw Mistake("the indexes \(bounds.map { String($0) }.joined(separator: ", ")) do not ascend")
        }
        if case .list(let elements) = arguments[0] {
            return .list(elements[(elements.startIndex + first)..<(elements.startIndex + end)])
        }
        guard case .string(let text) = arguments[0] else { return .missing }
        return .string(String(decoding: text.utf8.dropFirst(first).prefix(end - first), as: UTF8.self))
    }

    private func offset(_ index: Value, upTo last: Int) throws(Mistake) -> Int {
        guard case .integer(let offset) = index else {
            throw Mistake("an index is a whole number as the template writes it, not \(index.found)")
        }
        guard offset >= 0, offset <= last else {
            throw Mistake("the index \(offset) is out of range; " + (last < 0 ? "it is empty" : "0 to \(last) are in"))
        }
        return offset
    }
}
