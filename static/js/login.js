import "./elements/login-form.js";
