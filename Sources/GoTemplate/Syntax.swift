/// A part of a template.
indirect enum Node: Sendable {
    case text(String)
    case action(Pipeline)
    /// `if` with its chain of `else if`, or `with` with its own: the first branch whose pipeline is true.
    case choice(ofDot: Bool, branches: [Branch], otherwise: [Node])
    case range(Pipeline, body: [Node], otherwise: [Node])
    case leaveRange
    case nextOfRange
    case template(name: String, range: Range<Int>, data: Pipeline?)

    /// Whether it is only white space: a definition of nothing else does not count.
    var isBlank: Bool {
        if case .text(let text) = self { text.utf8.allSatisfy(\.isTemplateSpace) } else { false }
    }
}

/// One `if`, `else if`, `with` or `else with`.
struct Branch: Sendable {
    let pipeline: Pipeline
    let body: [Node]
}

/// `$x := first | second 1 | third`.
struct Pipeline: Sendable {
    var range: Range<Int>
    var variables: [String] = []
    /// Whether the variables get a new value (`=`) or come into being (`:=`).
    var isAssignment = false
    var commands: [Command] = []
}

/// Operands beside each other: a value, or a function with its arguments.
struct Command: Sendable {
    var operands: [Operand]
}

struct Operand: Sendable {
    indirect enum Term: Sendable {
        case dot
        case null
        case literal(Value)
        /// The variable's name with its `$`.
        case variable(String)
        case function(Function)
        case pipeline(Pipeline)
    }

    let term: Term
    /// `.a.b` behind the term; of `.a.b` alone the term is the dot.
    var fields: [String] = []
    /// Where it stands.
    var range: Range<Int>
}

extension UInt8 {
    /// White space as Go's templates trim it.
    var isTemplateSpace: Bool { self == 0x20 || (0x09...0x0A).contains(self) || self == 0x0D }
}
