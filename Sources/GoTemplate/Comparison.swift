/// Go's rules: only values of the same basic type are compared, and a float is never an integer.
enum Comparison {
    static func areEqual(_ left: Value, _ right: Value) throws(Function.Mistake) -> Bool {
        switch (left, right) {
        case (.missing, .missing): return true
        // Nothing differs from every value that is something.
        case (.missing, _), (_, .missing): return false
        case (.bool(let left), .bool(let right)): return left == right
        case (.integer(let left), .integer(let right)): return left == right
        case (.number(let left), .number(let right)): return left == right
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.list, .list), (.list, .object), (.object, .list), (.object, .object):
            throw Function.Mistake("lists and objects cannot be compared")
        default: throw incompatible(left, right)
        }
    }

    static func isLess(_ left: Value, _ right: Value) throws(Function.Mistake) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): return left < right
        case (.number(let left), .number(let right)): return left < right
        case (.string(let left), .string(let right)): return left.precedes(right)
        default: throw incompatible(left, right)
        }
    }

    static func isLessOrEqual(_ left: Value, _ right: Value) throws(Function.Mistake) -> Bool {
        if try isLess(left, right) { return true }
        return try areEqual(left, right)
    }

    private static func incompatible(_ left: Value, _ right: Value) -> Function.Mistake {
        let advice =
            switch (left, right) {
            case (.number, .integer(let value)), (.integer(let value), .number):
                "; numbers from JSON are floats: write \(value).0"
            default: ""
            }
        return Function.Mistake("\(left.found) and \(right.found) cannot be compared\(advice)")
    }
}
