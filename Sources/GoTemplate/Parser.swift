/// Makes the tree of a template out of its words.
struct Parser {
    /// Blocks and parentheses inside of each other; deeper ones are refused, so that no template can exhaust the stack.
    static let depthMax = 64
    /// As every use of one looks through them.
    static let variablesMax = 500

    private var lexer: Lexer
    private var lookahead: [Token] = []
    private var depth = 0
    /// How many `range` bodies surround the place.
    private var ranges = 0
    /// Those that are in sight.
    private var variables = ["$"]
    private(set) var named: [String: [Node]] = [:]
    /// Where the last word ends that was read.
    private var lastEnd = 0

    init(_ source: Source, delimiters: Template.Delimiters) {
        lexer = Lexer(source, delimiters: delimiters)
    }

    /// The whole template, without its definitions.
    mutating func template() throws(TemplateMistake) -> [Node] {
        var nodes: [Node] = []
        while true {
            let token = try next()
            switch token.kind {
            case .end: return nodes
            case .text(let text): nodes.append(.text(text))
            default:
                let first = try next()
                if case .keyword(.define) = first.kind {
                    try definition(first)
                } else {
                    switch try action(first) {
                    case .node(let node): nodes.append(node)
                    case .end: throw mistake(first, "'end' closes nothing here")
                    case .otherwise: throw mistake(first, "'else' stands in no if, with or range")
                    }
                }
            }
        }
    }
}

// MARK: - Blocks

extension Parser {
    /// What an action in a block is: a part of it, or its end.
    private enum Step {
        case node(Node)
        case end
        case otherwise
    }

    /// What stands up to the `end` or `else` of the block that this word opens.
    private mutating func block(_ opening: Token) throws(TemplateMistake) -> (nodes: [Node], hasElse: Bool) {
        try enter(opening)
        defer { depth -= 1 }
        var nodes: [Node] = []
        while true {
            let token = try next()
            switch token.kind {
            case .end: throw mistake(opening, "'\(text(opening))' is never closed with 'end'")
            case .text(let text): nodes.append(.text(text))
            default:
                switch try action(try next()) {
                case .node(let node): nodes.append(node)
                case .end: return (nodes, false)
                case .otherwise: return (nodes, true)
                }
            }
        }
    }

    private mutating func enter(_ token: Token) throws(TemplateMistake) {
        depth += 1
        guard depth <= Self.depthMax else {
            throw mistake(token, "more than \(Self.depthMax) blocks and parentheses inside of each other")
        }
    }

    private mutating func action(_ first: Token) throws(TemplateMistake) -> Step {
        guard case .keyword(let keyword) = first.kind else {
            lookahead.append(first)
            return .node(.action(try pipeline(from: first, "an action", until: .close)))
        }
        switch keyword {
        case .end:
            try close(after: "end")
            return .end
        case .else:
            let token = try peek()
            if token.kind != .keyword(.if), token.kind != .keyword(.with) { try close(after: "else") }
            return .otherwise
        case .if: return .node(try choice(first, keyword))
        case .with: return .node(try choice(first, keyword))
        case .range: return .node(try range(first))
        case .break, .continue:
            guard ranges > 0 else { throw mistake(first, "'\(keyword.rawValue)' stands in no range") }
            try close(after: keyword.rawValue)
            return .node(keyword == .break ? .leaveRange : .nextOfRange)
        case .template: return .node(try templateCall(first))
        case .block: return .node(try namedBlock(first))
        case .define: throw mistake(first, "'define' cannot stand inside of a block")
        }
    }

    private mutating func choice(_ first: Token, _ keyword: Token.Keyword) throws(TemplateMistake) -> Node {
        let outer = variables
        defer { variables = outer }
        var branches: [Branch] = []
        while true {
            let pipeline = try pipeline(from: first, keyword.rawValue, until: .close)
            let (body, hasElse) = try block(first)
            branches.append(Branch(pipeline: pipeline, body: body))
            var otherwise: [Node] = []
            if hasElse {
                if try peek().kind == .keyword(keyword) {
                    _ = try next()
                    continue
                }
                otherwise = try otherwiseBlock(first)
            }
            return .choice(ofDot: keyword == .with, branches: branches, otherwise: otherwise)
        }
    }

    private mutating func range(_ first: Token) throws(TemplateMistake) -> Node {
        let outer = variables
        defer { variables = outer }
        let pipeline = try pipeline(from: first, "range", until: .close)
        ranges += 1
        let (body, hasElse) = try block(first)
        ranges -= 1
        return .range(pipeline, body: body, otherwise: hasElse ? try otherwiseBlock(first) : [])
    }

    private mutating func otherwiseBlock(_ first: Token) throws(TemplateMistake) -> [Node] {
        let token = try peek()
        if case .keyword(let other) = token.kind {
            throw mistake(token, "the 'else' of '\(text(first))' cannot go on with '\(other.rawValue)'")
        }
        let (nodes, hasElse) = try block(first)
        guard !hasElse else { throw mistake(first, "'\(text(first))' has a second 'else'") }
        return nodes
    }
}

// MARK: - Templates in templates

extension Parser {
    private mutating func definition(_ first: Token) throws(TemplateMistake) {
        let name = try templateName(after: first)
        try close(after: "define \"\(name)\"")
        try define(name, first)
    }

    private mutating func namedBlock(_ first: Token) throws(TemplateMistake) -> Node {
        let name = try templateName(after: first)
        let data = try pipeline(from: first, "block", until: .close)
        try define(name, first)
        return .template(name: name, range: first.range, data: data)
    }

    /// Reads the body of a template that stands in another one and sees nothing of it.
    private mutating func define(_ name: String, _ first: Token) throws(TemplateMistake) {
        let outer = (variables, ranges)
        (variables, ranges) = (["$"], 0)
        let (nodes, hasElse) = try block(first)
        (variables, ranges) = outer
        guard !hasElse else { throw mistake(first, "'\(text(first))' has no 'else'") }
        let isEmpty = nodes.allSatisfy(\.isBlank)
        if let known = named[name], !known.allSatisfy(\.isBlank) {
            guard isEmpty else { throw mistake(first, "there is already a template \"\(name)\"") }
        } else {
            named[name] = nodes
        }
    }

    private mutating func templateCall(_ first: Token) throws(TemplateMistake) -> Node {
        let name = try templateName(after: first)
        let range = first.range.lowerBound..<(try peek().range.lowerBound)
        if try peek().kind == .close {
            _ = try next()
            return .template(name: name, range: range, data: nil)
        }
        return .template(name: name, range: range, data: try pipeline(from: first, "template", until: .close))
    }

    private mutating func templateName(after first: Token) throws(TemplateMistake) -> String {
        let token = try next()
        guard case .string(let name) = token.kind else {
            throw mistake(token, "'\(text(first))' needs a name in quotes, not \(description(token))")
        }
        return name
    }
}

// MARK: - Pipelines

extension Parser {
    private mutating func pipeline(
        from first: Token, _ context: String, until end: Token.Kind
    ) throws(TemplateMistake) -> Pipeline {
        var result = Pipeline(range: first.range)
        try declarations(of: &result, context)
        while true {
            let token = try peek()
            if token.kind == end {
                _ = try next()
                guard !result.commands.isEmpty else { throw mistake(first, "\(context) has no value") }
                return result
            }
            guard token.kind.isOperand else {
                throw mistake(token, "\(description(token)) cannot stand in \(context)")
            }
            let command = try command()
            if !result.commands.isEmpty, let operand = command.operands.first, !operand.canTakeArgument {
                throw lexer.source.mistake(
                    operand.range.lowerBound,
                    "what is piped goes to a function, not to '\(lexer.source.excerpt(operand.range))'")
            }
            result.commands.append(command)
            result.range = first.range.lowerBound..<(try peek().range.lowerBound)
        }
    }

    /// `$x :=`, `$x =`, and in a range also `$i, $x :=`.
    private mutating func declarations(of pipeline: inout Pipeline, _ context: String) throws(TemplateMistake) {
        while case .variable(let name) = try peek().kind {
            let token = try next()
            let following = try peek()
            switch following.kind {
            case .declare, .assign:
                _ = try next()
                pipeline.isAssignment = following.kind == .assign
                try declare(name, token, in: &pipeline)
                return
            case .other(","):
                guard context == "range", pipeline.variables.isEmpty else {
                    throw mistake(following, "\(context) cannot set so many variables; only range sets two")
                }
                _ = try next()
                try declare(name, token, in: &pipeline)
                guard case .variable = try peek().kind else {
                    throw mistake(try peek(), "behind ',' a second variable is needed: range $index, $value := ...")
                }
            default:
                lookahead.append(token)
                return
            }
        }
    }

    private mutating func declare(
        _ name: String, _ token: Token, in pipeline: inout Pipeline
    ) throws(TemplateMistake) {
        pipeline.variables.append(name)
        if !variables.contains(name) { variables.append(name) }
        guard variables.count <= Self.variablesMax else {
            throw mistake(token, "more than \(Self.variablesMax) variables")
        }
    }

    private mutating func command() throws(TemplateMistake) -> Command {
        var operands: [Operand] = []
        while true {
            if let operand = try operand() { operands.append(operand) }
            let token = try peek()
            switch token.kind {
            case .close, .rightParenthesis: return Command(operands: operands)
            case .pipe:
                _ = try next()
                return Command(operands: operands)
            case _ where token.isApart && token.kind.isOperand: continue
            case _ where token.kind.isOperand:
                throw mistake(token, "in front of \(description(token)) a space is missing")
            default: throw mistake(token, "\(description(token)) cannot stand here")
            }
        }
    }

    /// A value with the fields that are taken of it; nil when there is none here.
    private mutating func operand() throws(TemplateMistake) -> Operand? {
        let first = try peek()
        guard first.kind.isOperand, let term = try term() else { return nil }
        var operand = Operand(term: term, range: first.range)
        if case .field(let name) = first.kind { operand.fields = [name] }
        while case .field(let name) = try peek().kind, try !peek().isApart {
            switch (term, first.kind) {
            case (.literal, _), (.null, _), (_, .dot):
                throw mistake(try peek(), "'\(text(first))' has no fields")
            default: break
            }
            operand.fields.append(name)
            _ = try next()
        }
        operand.range = first.range.lowerBound..<lastEnd
        return operand
    }

    private mutating func term() throws(TemplateMistake) -> Operand.Term? {
        let token = try next()
        do throws(Literals.Mistake) {
            switch token.kind {
            case .number: return .literal(try Literals.number(lexer.source[token.range]))
            case .character:
                return .literal(.integer(try Literals.character(lexer.source.bytes[token.range])))
            default: break
            }
        } catch {
            throw mistake(token, error.message)
        }
        switch token.kind {
        case .dot, .field: return .dot
        case .null: return .null
        case .bool(let value): return .literal(.bool(value))
        case .string(let text): return .literal(.string(text))
        case .variable(let name):
            guard variables.contains(name) else {
                throw mistake(token, "there is no variable \(name); here are \(variables.joined(separator: ", "))")
            }
            return .variable(name)
        case .identifier(let name):
            guard let function = Function(rawValue: name) else {
                let known = Function.allCases.map(\.rawValue).joined(separator: ", ")
                throw mistake(token, "there is no function '\(name)'; a field is .\(name), and functions are \(known)")
            }
            return .function(function)
        case .leftParenthesis:
            try enter(token)
            defer { depth -= 1 }
            return .pipeline(try pipeline(from: token, "a parenthesis", until: .rightParenthesis))
        default: return nil
        }
    }
}

// MARK: - Words

extension Parser {
    private mutating func next() throws(TemplateMistake) -> Token {
        let token: Token
        if let held = lookahead.popLast() { token = held } else { token = try lexer.next() }
        lastEnd = token.range.upperBound
        return token
    }

    private mutating func peek() throws(TemplateMistake) -> Token {
        if let token = lookahead.last { return token }
        let token = try lexer.next()
        lookahead.append(token)
        return token
    }

    private mutating func close(after what: String) throws(TemplateMistake) {
        let token = try next()
        guard token.kind == .close else { throw mistake(token, "\(description(token)) cannot stand behind '\(what)'") }
    }

    private func text(_ token: Token) -> String { lexer.source.excerpt(token.range) }

    /// As messages call it.
    private func description(_ token: Token) -> String {
        switch token.kind {
        case .end: "the end of the template"
        case .close: "the end of the action"
        default: "'\(text(token))'"
        }
    }

    private func mistake(_ token: Token, _ message: String) -> TemplateMistake {
        lexer.source.mistake(token.range.lowerBound, message)
    }
}

extension Token.Kind {
    /// Whether a value can begin with it.
    fileprivate var isOperand: Bool {
        switch self {
        case .bool, .character, .dot, .field, .identifier, .null, .number, .string, .variable, .leftParenthesis: true
        default: false
        }
    }
}

extension Operand {
    /// Whether a pipe may lead to it; what else may be wrong with it comes up when it is evaluated.
    fileprivate var canTakeArgument: Bool {
        switch term {
        case .literal, .null: false
        case .dot: !fields.isEmpty
        default: true
        }
    }
}
